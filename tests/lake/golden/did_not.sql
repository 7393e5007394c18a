-- duckdb
WITH told AS (
  SELECT
    aliases.record_id AS subject,
    done.us,
    done.name
  FROM (
    SELECT
      *
    FROM (
      SELECT
        visitor,
        EPOCH_US("at") AS us,
        name
      FROM events
      WHERE
        visitor <> ''
    ) AS seen
    WHERE
      (
        us >= 1793448000000000 AND us < 1796040000000000
      ) AND name IN ('visit')
  ) AS done
  JOIN aliases
    ON done.visitor = aliases.visitor
  WHERE
    done.us >= aliases.since_us
    AND (
      done.us < aliases.until_us OR aliases.until_us IS NULL
    )
), known AS (
  SELECT DISTINCT
    record_id AS subject
  FROM aliases
  WHERE
    since_us < 1796040000000000
), counted AS (
  SELECT
    subject,
    COUNT(
      CASE
        WHEN name = 'visit' AND (
          us >= 1793448000000000 AND us < 1796040000000000
        )
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
  m0 = 0
UNION ALL
SELECT
  subject
FROM known
WHERE
  NOT subject IN (
    SELECT
      subject
    FROM counted
  )

-- spark
WITH told AS (
  SELECT
    aliases.record_id AS subject,
    done.us,
    done.name
  FROM (
    SELECT
      *
    FROM (
      SELECT
        visitor,
        UNIX_MICROS(`at`) AS us,
        name
      FROM events
      WHERE
        visitor <> ''
    ) AS seen
    WHERE
      (
        us >= 1793448000000000 AND us < 1796040000000000
      ) AND name IN ('visit')
  ) AS done
  JOIN aliases
    ON done.visitor = aliases.visitor
  WHERE
    done.us >= aliases.since_us
    AND (
      done.us < aliases.until_us OR aliases.until_us IS NULL
    )
), known AS (
  SELECT DISTINCT
    record_id AS subject
  FROM aliases
  WHERE
    since_us < 1796040000000000
), counted AS (
  SELECT
    subject,
    COUNT(
      CASE
        WHEN name = 'visit' AND (
          us >= 1793448000000000 AND us < 1796040000000000
        )
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
  m0 = 0
UNION ALL
SELECT
  subject
FROM known
WHERE
  NOT subject IN (
    SELECT
      subject
    FROM counted
  )

-- clickhouse
WITH told AS (
  SELECT
    aliases.record_id AS subject,
    done.us,
    done.name
  FROM (
    SELECT
      *
    FROM (
      SELECT
        visitor,
        toUnixTimestamp64Micro("at") AS us,
        name
      FROM events
      WHERE
        visitor <> ''
    ) AS seen
    WHERE
      (
        us >= 1793448000000000 AND us < 1796040000000000
      ) AND name IN ('visit')
  ) AS done
  JOIN aliases
    ON done.visitor = aliases.visitor
  WHERE
    done.us >= aliases.since_us
    AND (
      done.us < aliases.until_us OR aliases.until_us IS NULL
    )
), known AS (
  SELECT DISTINCT
    record_id AS subject
  FROM aliases
  WHERE
    since_us < 1796040000000000
), counted AS (
  SELECT
    subject,
    COUNT(
      CASE
        WHEN name = 'visit' AND (
          us >= 1793448000000000 AND us < 1796040000000000
        )
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
  m0 = 0
UNION ALL
SELECT
  subject
FROM known
WHERE
  NOT (
    subject IN (
      SELECT
        subject
      FROM counted
    )
  )
