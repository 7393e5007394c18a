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
)
SELECT
  value,
  bucket,
  COUNT(DISTINCT subject) AS subjects,
  COUNT(*) AS events
FROM (
  SELECT
    subject,
    COALESCE(channel, '') AS value,
    STRFTIME(DATE_TRUNC('month', TIMEZONE('Europe/Berlin', MAKE_TIMESTAMPTZ(us))), '%Y-%m-%d') AS bucket
  FROM told
  WHERE
    name = 'visit' AND us < 1796040000000000
) AS split
GROUP BY
  value,
  bucket

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
)
SELECT
  value,
  bucket,
  COUNT(DISTINCT subject) AS subjects,
  COUNT(*) AS events
FROM (
  SELECT
    subject,
    COALESCE(channel, '') AS value,
    DATE_FORMAT(
      DATE_TRUNC('month', FROM_UTC_TIMESTAMP(TIMESTAMP_MICROS(us), 'Europe/Berlin')),
      'yyyy-MM-dd'
    ) AS bucket
  FROM told
  WHERE
    name = 'visit' AND us < 1796040000000000
) AS split
GROUP BY
  value,
  bucket

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
)
SELECT
  value,
  bucket,
  COUNT(DISTINCT subject) AS subjects,
  COUNT(*) AS events
FROM (
  SELECT
    subject,
    COALESCE(channel, '') AS value,
    toString(toStartOfMonth(fromUnixTimestamp64Micro(us, 'Europe/Berlin'))) AS bucket
  FROM told
  WHERE
    name = 'visit' AND us < 1796040000000000
) AS split
GROUP BY
  value,
  bucket
