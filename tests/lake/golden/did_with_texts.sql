-- duckdb
WITH told AS (
  SELECT
    visitor AS subject,
    us,
    channel,
    props,
    url
  FROM (
    SELECT
      visitor,
      EPOCH_US("at") AS us,
      channel,
      props,
      url
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
        WHEN COALESCE(STRPOS(url, '/tins') > 0, FALSE)
        AND COALESCE(STARTS_WITH(channel, 'pa'), FALSE)
        AND NOT COALESCE(channel = 'it''s \ that', FALSE)
        AND NOT COALESCE(
          CASE
            WHEN STARTS_WITH(CAST(JSON_EXTRACT(props, '$."plan"') AS TEXT), '"')
            THEN JSON_EXTRACT_STRING(props, '$."plan"')
          END = 'gold',
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

-- spark
WITH told AS (
  SELECT
    visitor AS subject,
    us,
    channel,
    props,
    url
  FROM (
    SELECT
      visitor,
      UNIX_MICROS(`at`) AS us,
      channel,
      props,
      url
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
        WHEN COALESCE(LOCATE('/tins', url) > 0, FALSE)
        AND COALESCE(STARTSWITH(channel, 'pa'), FALSE)
        AND NOT COALESCE(channel = 'it\'s \\ that', FALSE)
        AND NOT COALESCE(
          CASE
            WHEN STARTSWITH(TO_JSON(TRY_VARIANT_GET(TRY_PARSE_JSON(props), '$[\'plan\']', 'variant')), '"')
            THEN GET_JSON_OBJECT(props, '$[\'plan\']')
          END = 'gold',
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
    channel,
    props,
    url
  FROM (
    SELECT
      visitor,
      toUnixTimestamp64Micro("at") AS us,
      channel,
      props,
      url
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
        WHEN COALESCE(POSITION(url, '/tins') > 0, FALSE)
        AND COALESCE(startsWith(channel, 'pa'), FALSE)
        AND NOT COALESCE(channel = 'it''s \\ that', FALSE)
        AND NOT COALESCE(
          CASE
            WHEN startsWith(nullIf(JSONExtractRaw(props, 'plan'), ''), '"')
            THEN JSONExtractString(props, 'plan')
          END = 'gold',
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
