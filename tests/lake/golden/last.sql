-- duckdb
WITH told AS (
  SELECT
    aliases.record_id AS subject,
    done.us,
    done.channel,
    done.name
  FROM (
    SELECT
      *
    FROM (
      SELECT
        visitor,
        EPOCH_US("at") AS us,
        channel,
        name
      FROM events
      WHERE
        visitor <> ''
    ) AS seen
    WHERE
      us < 1796040000000000 AND name IN ('visit')
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
    MAX(CASE WHEN name = 'visit' AND us < 1796040000000000 THEN us END) AS m0,
    MAX(
      CASE
        WHEN (
          name = 'visit' AND us < 1796040000000000
        )
        AND COALESCE(channel = 'direct', FALSE)
        THEN us
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
  COALESCE(m0 = m1, FALSE)

-- spark
WITH told AS (
  SELECT
    aliases.record_id AS subject,
    done.us,
    done.channel,
    done.name
  FROM (
    SELECT
      *
    FROM (
      SELECT
        visitor,
        UNIX_MICROS(`at`) AS us,
        channel,
        name
      FROM events
      WHERE
        visitor <> ''
    ) AS seen
    WHERE
      us < 1796040000000000 AND name IN ('visit')
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
    MAX(CASE WHEN name = 'visit' AND us < 1796040000000000 THEN us END) AS m0,
    MAX(
      CASE
        WHEN (
          name = 'visit' AND us < 1796040000000000
        )
        AND COALESCE(channel = 'direct', FALSE)
        THEN us
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
  COALESCE(m0 = m1, FALSE)

-- clickhouse
WITH told AS (
  SELECT
    aliases.record_id AS subject,
    done.us,
    done.channel,
    done.name
  FROM (
    SELECT
      *
    FROM (
      SELECT
        visitor,
        toUnixTimestamp64Micro("at") AS us,
        channel,
        name
      FROM events
      WHERE
        visitor <> ''
    ) AS seen
    WHERE
      us < 1796040000000000 AND name IN ('visit')
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
    MAX(CASE WHEN name = 'visit' AND us < 1796040000000000 THEN us END) AS m0,
    MAX(
      CASE
        WHEN (
          name = 'visit' AND us < 1796040000000000
        )
        AND COALESCE(channel = 'direct', FALSE)
        THEN us
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
  COALESCE(m0 = m1, FALSE)
