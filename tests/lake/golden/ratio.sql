-- duckdb
WITH told AS (
  SELECT
    aliases.record_id AS subject,
    done.us
  FROM (
    SELECT
      *
    FROM (
      SELECT
        visitor,
        EPOCH_US("at") AS us
      FROM events
      WHERE
        visitor <> ''
    ) AS seen
    WHERE
      us >= 1790856000000000 AND us < 1796040000000000
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
        WHEN TRUE AND (
          us >= 1793448000000000 AND us < 1796040000000000
        )
        THEN 1
      END
    ) AS m0,
    COUNT(
      CASE
        WHEN TRUE AND (
          us >= 1790856000000000 AND us < 1793448000000000
        )
        THEN 1
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
    AND CAST(COALESCE(m0, 0) AS DOUBLE) < CAST(0.5 AS DOUBLE) * CAST(m1 AS DOUBLE),
    FALSE
  )

-- spark
WITH told AS (
  SELECT
    aliases.record_id AS subject,
    done.us
  FROM (
    SELECT
      *
    FROM (
      SELECT
        visitor,
        UNIX_MICROS(`at`) AS us
      FROM events
      WHERE
        visitor <> ''
    ) AS seen
    WHERE
      us >= 1790856000000000 AND us < 1796040000000000
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
        WHEN TRUE AND (
          us >= 1793448000000000 AND us < 1796040000000000
        )
        THEN 1
      END
    ) AS m0,
    COUNT(
      CASE
        WHEN TRUE AND (
          us >= 1790856000000000 AND us < 1793448000000000
        )
        THEN 1
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
    AND CAST(COALESCE(m0, 0) AS DOUBLE) < CAST(0.5 AS DOUBLE) * CAST(m1 AS DOUBLE),
    FALSE
  )

-- clickhouse
WITH told AS (
  SELECT
    aliases.record_id AS subject,
    done.us
  FROM (
    SELECT
      *
    FROM (
      SELECT
        visitor,
        toUnixTimestamp64Micro("at") AS us
      FROM events
      WHERE
        visitor <> ''
    ) AS seen
    WHERE
      us >= 1790856000000000 AND us < 1796040000000000
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
        WHEN TRUE AND (
          us >= 1793448000000000 AND us < 1796040000000000
        )
        THEN 1
      END
    ) AS m0,
    COUNT(
      CASE
        WHEN TRUE AND (
          us >= 1790856000000000 AND us < 1793448000000000
        )
        THEN 1
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
    AND CAST(COALESCE(m0, 0) AS Nullable(Float64)) < CAST(0.5 AS Nullable(Float64)) * CAST(m1 AS Nullable(Float64)),
    FALSE
  )
