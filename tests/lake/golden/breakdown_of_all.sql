-- duckdb
WITH told AS (
  SELECT
    visitor AS subject,
    us
  FROM (
    SELECT
      visitor,
      EPOCH_US("at") AS us
    FROM events
    WHERE
      visitor <> ''
  ) AS seen
  WHERE
    us < 1796040000000000
)
SELECT
  value,
  bucket,
  COUNT(DISTINCT subject) AS subjects,
  COUNT(*) AS events
FROM (
  SELECT
    subject,
    '' AS value,
    '' AS bucket
  FROM told
  WHERE
    TRUE AND us < 1796040000000000
) AS split
GROUP BY
  value,
  bucket

-- spark
WITH told AS (
  SELECT
    visitor AS subject,
    us
  FROM (
    SELECT
      visitor,
      UNIX_MICROS(`at`) AS us
    FROM events
    WHERE
      visitor <> ''
  ) AS seen
  WHERE
    us < 1796040000000000
)
SELECT
  value,
  bucket,
  COUNT(DISTINCT subject) AS subjects,
  COUNT(*) AS events
FROM (
  SELECT
    subject,
    '' AS value,
    '' AS bucket
  FROM told
  WHERE
    TRUE AND us < 1796040000000000
) AS split
GROUP BY
  value,
  bucket

-- clickhouse
WITH told AS (
  SELECT
    visitor AS subject,
    us
  FROM (
    SELECT
      visitor,
      toUnixTimestamp64Micro("at") AS us
    FROM events
    WHERE
      visitor <> ''
  ) AS seen
  WHERE
    us < 1796040000000000
)
SELECT
  value,
  bucket,
  COUNT(DISTINCT subject) AS subjects,
  COUNT(*) AS events
FROM (
  SELECT
    subject,
    '' AS value,
    '' AS bucket
  FROM told
  WHERE
    TRUE AND us < 1796040000000000
) AS split
GROUP BY
  value,
  bucket
