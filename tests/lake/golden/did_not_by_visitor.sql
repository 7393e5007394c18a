-- duckdb
WITH told AS (
  SELECT
    visitor AS subject,
    us,
    name
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
    us < 1796040000000000 AND name IN ('visit')
), known AS (
  SELECT DISTINCT
    visitor AS subject
  FROM (
    SELECT
      visitor,
      EPOCH_US("at") AS us
    FROM events
  ) AS ever
  WHERE
    visitor <> '' AND us < 1796040000000000
), counted AS (
  SELECT
    subject,
    COUNT(CASE WHEN name = 'visit' AND us < 1796040000000000 THEN 1 END) AS m0
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
    visitor AS subject,
    us,
    name
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
    us < 1796040000000000 AND name IN ('visit')
), known AS (
  SELECT DISTINCT
    visitor AS subject
  FROM (
    SELECT
      visitor,
      UNIX_MICROS(`at`) AS us
    FROM events
  ) AS ever
  WHERE
    visitor <> '' AND us < 1796040000000000
), counted AS (
  SELECT
    subject,
    COUNT(CASE WHEN name = 'visit' AND us < 1796040000000000 THEN 1 END) AS m0
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
    visitor AS subject,
    us,
    name
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
    us < 1796040000000000 AND name IN ('visit')
), known AS (
  SELECT DISTINCT
    visitor AS subject
  FROM (
    SELECT
      visitor,
      toUnixTimestamp64Micro("at") AS us
    FROM events
  ) AS ever
  WHERE
    visitor <> '' AND us < 1796040000000000
), counted AS (
  SELECT
    subject,
    COUNT(CASE WHEN name = 'visit' AND us < 1796040000000000 THEN 1 END) AS m0
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
