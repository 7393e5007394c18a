-- duckdb
WITH told AS (
  SELECT
    aliases.record_id AS subject,
    done.us,
    done.name,
    done.props
  FROM (
    SELECT
      *
    FROM (
      SELECT
        visitor,
        EPOCH_US("at") AS us,
        name,
        props
      FROM events
      WHERE
        visitor <> ''
    ) AS seen
    WHERE
      (
        us >= 1790856000000000 AND us < 1796040000000000
      ) AND name IN ('order')
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
    SUM(
      CASE
        WHEN name = 'order' AND (
          us >= 1793448000000000 AND us < 1796040000000000
        )
        THEN CASE
          WHEN REGEXP_MATCHES(
            JSON_EXTRACT_STRING(props, '$."price"'),
            '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?\z'
          )
          THEN TRY_CAST(JSON_EXTRACT_STRING(props, '$."price"') AS DOUBLE)
        END
      END
    ) AS m0,
    SUM(
      CASE
        WHEN name = 'order' AND (
          us >= 1790856000000000 AND us < 1793448000000000
        )
        THEN CASE
          WHEN REGEXP_MATCHES(
            JSON_EXTRACT_STRING(props, '$."price"'),
            '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?\z'
          )
          THEN TRY_CAST(JSON_EXTRACT_STRING(props, '$."price"') AS DOUBLE)
        END
      END
    ) AS m1
  FROM told
  GROUP BY
    subject
)
SELECT
  subject
FROM counted
WHERE
  COALESCE(
    m1 > 0
    AND CAST(COALESCE(m0, 0) AS DOUBLE) = CAST(0.0 AS DOUBLE) * CAST(m1 AS DOUBLE),
    FALSE
  )

-- spark
WITH told AS (
  SELECT
    aliases.record_id AS subject,
    done.us,
    done.name,
    done.props
  FROM (
    SELECT
      *
    FROM (
      SELECT
        visitor,
        UNIX_MICROS(`at`) AS us,
        name,
        props
      FROM events
      WHERE
        visitor <> ''
    ) AS seen
    WHERE
      (
        us >= 1790856000000000 AND us < 1796040000000000
      ) AND name IN ('order')
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
    SUM(
      CASE
        WHEN name = 'order' AND (
          us >= 1793448000000000 AND us < 1796040000000000
        )
        THEN CASE
          WHEN GET_JSON_OBJECT(props, '$[\'price\']') RLIKE '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?\\z'
          THEN CAST(GET_JSON_OBJECT(props, '$[\'price\']') AS DOUBLE)
        END
      END
    ) AS m0,
    SUM(
      CASE
        WHEN name = 'order' AND (
          us >= 1790856000000000 AND us < 1793448000000000
        )
        THEN CASE
          WHEN GET_JSON_OBJECT(props, '$[\'price\']') RLIKE '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?\\z'
          THEN CAST(GET_JSON_OBJECT(props, '$[\'price\']') AS DOUBLE)
        END
      END
    ) AS m1
  FROM told
  GROUP BY
    subject
)
SELECT
  subject
FROM counted
WHERE
  COALESCE(
    m1 > 0
    AND CAST(COALESCE(m0, 0) AS DOUBLE) = CAST(0.0 AS DOUBLE) * CAST(m1 AS DOUBLE),
    FALSE
  )

-- clickhouse
WITH told AS (
  SELECT
    aliases.record_id AS subject,
    done.us,
    done.name,
    done.props
  FROM (
    SELECT
      *
    FROM (
      SELECT
        visitor,
        toUnixTimestamp64Micro("at") AS us,
        name,
        props
      FROM events
      WHERE
        visitor <> ''
    ) AS seen
    WHERE
      (
        us >= 1790856000000000 AND us < 1796040000000000
      ) AND name IN ('order')
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
    SUM(
      CASE
        WHEN name = 'order' AND (
          us >= 1793448000000000 AND us < 1796040000000000
        )
        THEN CASE
          WHEN match(JSONExtractString(props, 'price'), '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?\\z')
          THEN toFloat64OrNull(JSONExtractString(props, 'price'))
        END
      END
    ) AS m0,
    SUM(
      CASE
        WHEN name = 'order' AND (
          us >= 1790856000000000 AND us < 1793448000000000
        )
        THEN CASE
          WHEN match(JSONExtractString(props, 'price'), '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?\\z')
          THEN toFloat64OrNull(JSONExtractString(props, 'price'))
        END
      END
    ) AS m1
  FROM told
  GROUP BY
    subject
)
SELECT
  subject
FROM counted
WHERE
  COALESCE(
    m1 > 0
    AND CAST(COALESCE(m0, 0) AS Nullable(Float64)) = CAST(0.0 AS Nullable(Float64)) * CAST(m1 AS Nullable(Float64)),
    FALSE
  )
