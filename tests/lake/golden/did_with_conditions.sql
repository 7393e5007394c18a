-- duckdb
WITH told AS (
  SELECT
    aliases.record_id AS subject,
    done.us,
    done.channel,
    done.name,
    done.props
  FROM (
    SELECT
      *
    FROM (
      SELECT
        visitor,
        EPOCH_US("at") AS us,
        channel,
        name,
        props
      FROM events
      WHERE
        visitor <> ''
    ) AS seen
    WHERE
      us < 1796040000000000 AND name IN ('order')
  ) AS done
  JOIN aliases
    ON done.visitor = aliases.visitor
  WHERE
    done.us >= aliases.since_us
    AND (
      done.us < aliases.until_us OR aliases.until_us IS NULL
    )
), counted AS (
  SELECT
    subject,
    COUNT(
      CASE
        WHEN name = 'order'
        AND COALESCE(
          CASE
            WHEN STARTS_WITH(CAST(JSON_EXTRACT(props, '$."plan"') AS TEXT), '"')
            THEN JSON_EXTRACT_STRING(props, '$."plan"')
          END IN ('gold', 'silver'),
          FALSE
        )
        AND COALESCE(
          CASE
            WHEN REGEXP_MATCHES(
              JSON_EXTRACT_STRING(props, '$."price"'),
              '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?\z'
            )
            THEN TRY_CAST(JSON_EXTRACT_STRING(props, '$."price"') AS DOUBLE)
          END >= 100,
          FALSE
        )
        AND COALESCE(channel = 'direct', FALSE)
        AND us < 1796040000000000
        THEN 1
      END
    ) AS m0
  FROM told
  GROUP BY
    subject
)
SELECT
  subject
FROM counted
WHERE
  m0 >= 1

-- spark
WITH told AS (
  SELECT
    aliases.record_id AS subject,
    done.us,
    done.channel,
    done.name,
    done.props
  FROM (
    SELECT
      *
    FROM (
      SELECT
        visitor,
        UNIX_MICROS(`at`) AS us,
        channel,
        name,
        props
      FROM events
      WHERE
        visitor <> ''
    ) AS seen
    WHERE
      us < 1796040000000000 AND name IN ('order')
  ) AS done
  JOIN aliases
    ON done.visitor = aliases.visitor
  WHERE
    done.us >= aliases.since_us
    AND (
      done.us < aliases.until_us OR aliases.until_us IS NULL
    )
), counted AS (
  SELECT
    subject,
    COUNT(
      CASE
        WHEN name = 'order'
        AND COALESCE(
          CASE
            WHEN STARTSWITH(TO_JSON(TRY_VARIANT_GET(TRY_PARSE_JSON(props), '$[\'plan\']', 'variant')), '"')
            THEN GET_JSON_OBJECT(props, '$[\'plan\']')
          END IN ('gold', 'silver'),
          FALSE
        )
        AND COALESCE(
          CASE
            WHEN GET_JSON_OBJECT(props, '$[\'price\']') RLIKE '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?\\z'
            THEN CAST(GET_JSON_OBJECT(props, '$[\'price\']') AS DOUBLE)
          END >= 100,
          FALSE
        )
        AND COALESCE(channel = 'direct', FALSE)
        AND us < 1796040000000000
        THEN 1
      END
    ) AS m0
  FROM told
  GROUP BY
    subject
)
SELECT
  subject
FROM counted
WHERE
  m0 >= 1

-- clickhouse
WITH told AS (
  SELECT
    aliases.record_id AS subject,
    done.us,
    done.channel,
    done.name,
    done.props
  FROM (
    SELECT
      *
    FROM (
      SELECT
        visitor,
        toUnixTimestamp64Micro("at") AS us,
        channel,
        name,
        props
      FROM events
      WHERE
        visitor <> ''
    ) AS seen
    WHERE
      us < 1796040000000000 AND name IN ('order')
  ) AS done
  JOIN aliases
    ON done.visitor = aliases.visitor
  WHERE
    done.us >= aliases.since_us
    AND (
      done.us < aliases.until_us OR aliases.until_us IS NULL
    )
), counted AS (
  SELECT
    subject,
    COUNT(
      CASE
        WHEN name = 'order'
        AND COALESCE(
          CASE
            WHEN startsWith(nullIf(JSONExtractRaw(props, 'plan'), ''), '"')
            THEN JSONExtractString(props, 'plan')
          END IN ('gold', 'silver'),
          FALSE
        )
        AND COALESCE(
          CASE
            WHEN match(JSONExtractString(props, 'price'), '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?\\z')
            THEN toFloat64OrNull(JSONExtractString(props, 'price'))
          END >= 100,
          FALSE
        )
        AND COALESCE(channel = 'direct', FALSE)
        AND us < 1796040000000000
        THEN 1
      END
    ) AS m0
  FROM told
  GROUP BY
    subject
)
SELECT
  subject
FROM counted
WHERE
  m0 >= 1
