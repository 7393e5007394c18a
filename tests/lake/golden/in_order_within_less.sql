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
      us < 1796040000000000 AND name IN ('order', 'visit')
  ) AS done
  JOIN aliases
    ON done.visitor = aliases.visitor
  WHERE
    done.us >= aliases.since_us
    AND (
      done.us < aliases.until_us OR aliases.until_us IS NULL
    )
), order1seen AS (
  SELECT
    subject,
    us,
    CASE WHEN name = 'visit' THEN 1 ELSE 0 END AS s1,
    CASE WHEN name = 'order' THEN 1 ELSE 0 END AS s2
  FROM told
  WHERE
    us < 1796040000000000 AND (
      name = 'visit' OR name = 'order'
    )
), order1step2 AS (
  SELECT
    subject,
    us,
    s2,
    MAX(CASE WHEN s1 = 1 THEN us END) OVER (PARTITION BY subject ORDER BY us RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS b2
  FROM order1seen
  WHERE
    subject IN (
      SELECT
        subject
      FROM order1seen
      WHERE
        s2 = 1
    )
), order1 AS (
  SELECT DISTINCT
    subject
  FROM order1step2
  WHERE
    (
      s2 = 1 AND NOT b2 IS NULL
    ) AND us - b2 <= 432000000000
)
SELECT
  subject
FROM order1

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
      us < 1796040000000000 AND name IN ('order', 'visit')
  ) AS done
  JOIN aliases
    ON done.visitor = aliases.visitor
  WHERE
    done.us >= aliases.since_us
    AND (
      done.us < aliases.until_us OR aliases.until_us IS NULL
    )
), order1seen AS (
  SELECT
    subject,
    us,
    CASE WHEN name = 'visit' THEN 1 ELSE 0 END AS s1,
    CASE WHEN name = 'order' THEN 1 ELSE 0 END AS s2
  FROM told
  WHERE
    us < 1796040000000000 AND (
      name = 'visit' OR name = 'order'
    )
), order1step2 AS (
  SELECT
    subject,
    us,
    s2,
    MAX(CASE WHEN s1 = 1 THEN us END) OVER (
      PARTITION BY subject
      ORDER BY us NULLS LAST
      RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS b2
  FROM order1seen
  WHERE
    subject IN (
      SELECT
        subject
      FROM order1seen
      WHERE
        s2 = 1
    )
), order1 AS (
  SELECT DISTINCT
    subject
  FROM order1step2
  WHERE
    (
      s2 = 1 AND NOT b2 IS NULL
    ) AND us - b2 <= 432000000000
)
SELECT
  subject
FROM order1

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
      us < 1796040000000000 AND name IN ('order', 'visit')
  ) AS done
  JOIN aliases
    ON done.visitor = aliases.visitor
  WHERE
    done.us >= aliases.since_us
    AND (
      done.us < aliases.until_us OR aliases.until_us IS NULL
    )
), order1seen AS (
  SELECT
    subject,
    us,
    CASE WHEN name = 'visit' THEN 1 ELSE 0 END AS s1,
    CASE WHEN name = 'order' THEN 1 ELSE 0 END AS s2
  FROM told
  WHERE
    us < 1796040000000000 AND (
      name = 'visit' OR name = 'order'
    )
), order1step2 AS (
  SELECT
    subject,
    us,
    s2,
    MAX(CASE WHEN s1 = 1 THEN us END) OVER (PARTITION BY subject ORDER BY us RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS b2
  FROM order1seen
  WHERE
    subject IN (
      SELECT
        subject
      FROM order1seen
      WHERE
        s2 = 1
    )
), order1 AS (
  SELECT DISTINCT
    subject
  FROM order1step2
  WHERE
    (
      s2 = 1 AND NOT (
        b2 IS NULL
      )
    ) AND us - b2 <= 432000000000
)
SELECT
  subject
FROM order1
