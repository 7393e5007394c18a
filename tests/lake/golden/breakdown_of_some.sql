-- duckdb
WITH told AS (
  SELECT
    visitor AS subject,
    us,
    name,
    props
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
    us < 1796040000000000 AND name IN ('order', 'visit')
), counted AS (
  SELECT
    subject,
    COUNT(CASE WHEN name = 'visit' AND us < 1796040000000000 THEN 1 END) AS m0
  FROM told
  GROUP BY
    subject
)
SELECT
  value,
  bucket,
  COUNT(DISTINCT subject) AS subjects,
  COUNT(*) AS events
FROM (
  SELECT
    subject,
    COALESCE(JSON_EXTRACT_STRING(props, '$."plan"'), '') AS value,
    STRFTIME(DATE_TRUNC('week', TIMEZONE('UTC', MAKE_TIMESTAMPTZ(us))), '%Y-%m-%d') AS bucket
  FROM told
  WHERE
    (
      name = 'order' AND us < 1796040000000000
    )
    AND subject IN (
      SELECT
        subject
      FROM counted
      WHERE
        m0 >= 1
    )
) AS split
GROUP BY
  value,
  bucket

-- spark
WITH told AS (
  SELECT
    visitor AS subject,
    us,
    name,
    props
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
    us < 1796040000000000 AND name IN ('order', 'visit')
), counted AS (
  SELECT
    subject,
    COUNT(CASE WHEN name = 'visit' AND us < 1796040000000000 THEN 1 END) AS m0
  FROM told
  GROUP BY
    subject
)
SELECT
  value,
  bucket,
  COUNT(DISTINCT subject) AS subjects,
  COUNT(*) AS events
FROM (
  SELECT
    subject,
    COALESCE(GET_JSON_OBJECT(props, '$[\'plan\']'), '') AS value,
    DATE_FORMAT(DATE_TRUNC('week', FROM_UTC_TIMESTAMP(TIMESTAMP_MICROS(us), 'UTC')), 'yyyy-MM-dd') AS bucket
  FROM told
  WHERE
    (
      name = 'order' AND us < 1796040000000000
    )
    AND subject IN (
      SELECT
        subject
      FROM counted
      WHERE
        m0 >= 1
    )
) AS split
GROUP BY
  value,
  bucket

-- clickhouse
WITH told AS (
  SELECT
    visitor AS subject,
    us,
    name,
    props
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
    us < 1796040000000000 AND name IN ('order', 'visit')
), counted AS (
  SELECT
    subject,
    COUNT(CASE WHEN name = 'visit' AND us < 1796040000000000 THEN 1 END) AS m0
  FROM told
  GROUP BY
    subject
)
SELECT
  value,
  bucket,
  COUNT(DISTINCT subject) AS subjects,
  COUNT(*) AS events
FROM (
  SELECT
    subject,
    COALESCE(JSONExtractString(props, 'plan'), '') AS value,
    toString(toMonday(fromUnixTimestamp64Micro(us, 'UTC'))) AS bucket
  FROM told
  WHERE
    (
      name = 'order' AND us < 1796040000000000
    )
    AND subject IN (
      SELECT
        subject
      FROM counted
      WHERE
        m0 >= 1
    )
) AS split
GROUP BY
  value,
  bucket
