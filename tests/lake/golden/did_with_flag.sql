-- duckdb
WITH told AS (
  SELECT
    visitor AS subject,
    us,
    props
  FROM (
    SELECT
      visitor,
      EPOCH_US("at") AS us,
      props
    FROM events
    WHERE
      visitor <> ''
  ) AS seen
  WHERE
    us < 1796040000000000
), counted AS (
  SELECT
    subject,
    COUNT(
      CASE
        WHEN COALESCE(CAST(JSON_EXTRACT(props, '$."is_gift"') AS TEXT) = 'true', FALSE)
        AND COALESCE(NOT CAST(JSON_EXTRACT(props, '$."price"') AS TEXT) IN ('null', '""'), FALSE)
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
    visitor AS subject,
    us,
    props
  FROM (
    SELECT
      visitor,
      UNIX_MICROS(`at`) AS us,
      props
    FROM events
    WHERE
      visitor <> ''
  ) AS seen
  WHERE
    us < 1796040000000000
), counted AS (
  SELECT
    subject,
    COUNT(
      CASE
        WHEN COALESCE(
          TO_JSON(TRY_VARIANT_GET(TRY_PARSE_JSON(props), '$[\'is_gift\']', 'variant')) = 'true',
          FALSE
        )
        AND COALESCE(
          NOT TO_JSON(TRY_VARIANT_GET(TRY_PARSE_JSON(props), '$[\'price\']', 'variant')) IN ('null', '""'),
          FALSE
        )
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
    visitor AS subject,
    us,
    props
  FROM (
    SELECT
      visitor,
      toUnixTimestamp64Micro("at") AS us,
      props
    FROM events
    WHERE
      visitor <> ''
  ) AS seen
  WHERE
    us < 1796040000000000
), counted AS (
  SELECT
    subject,
    COUNT(
      CASE
        WHEN COALESCE(nullIf(JSONExtractRaw(props, 'is_gift'), '') = 'true', FALSE)
        AND COALESCE(NOT (
          nullIf(JSONExtractRaw(props, 'price'), '') IN ('null', '""')
        ), FALSE)
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
