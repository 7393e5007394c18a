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
    us < 1796040000000000 AND name IN ('order')
), counted AS (
  SELECT
    subject,
    COUNT(CASE WHEN name = 'order' AND us < 1796040000000000 THEN 1 END) AS m0
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
    us < 1796040000000000 AND name IN ('order')
), counted AS (
  SELECT
    subject,
    COUNT(CASE WHEN name = 'order' AND us < 1796040000000000 THEN 1 END) AS m0
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
    us < 1796040000000000 AND name IN ('order')
), counted AS (
  SELECT
    subject,
    COUNT(CASE WHEN name = 'order' AND us < 1796040000000000 THEN 1 END) AS m0
  FROM told
  GROUP BY
    subject
)
SELECT
  subject
FROM counted
WHERE
  m0 >= 1
