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
      us < 1796040000000000 AND name IN ('form', 'order', 'visit')
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
    CASE WHEN name = 'form' THEN 1 ELSE 0 END AS s2,
    CASE WHEN name = 'order' THEN 1 ELSE 0 END AS s3
  FROM told
  WHERE
    us < 1796040000000000 AND (
      name = 'visit' OR name = 'form' OR name = 'order'
    )
), order1step2 AS (
  SELECT
    subject,
    us,
    s2,
    s3,
    MAX(CASE WHEN s1 = 1 THEN us END) OVER (PARTITION BY subject ORDER BY us RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS b2
  FROM order1seen
  WHERE
    subject IN (
      SELECT
        subject
      FROM order1seen
      WHERE
        s2 = 1 OR s3 = 1
      GROUP BY
        subject
      HAVING
        MIN(CASE WHEN s2 = 1 THEN us END) < MAX(CASE WHEN s3 = 1 THEN us END)
    )
), order1step3 AS (
  SELECT
    subject,
    us,
    s3,
    MAX(CASE WHEN s2 = 1 THEN b2 END) OVER (PARTITION BY subject ORDER BY us RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS b3
  FROM order1step2
  WHERE
    NOT b2 IS NULL
), order1 AS (
  SELECT DISTINCT
    subject
  FROM order1step3
  WHERE
    (
      s3 = 1 AND NOT b3 IS NULL
    ) AND us - b3 <= 604800000000
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
      us < 1796040000000000 AND name IN ('form', 'order', 'visit')
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
    CASE WHEN name = 'form' THEN 1 ELSE 0 END AS s2,
    CASE WHEN name = 'order' THEN 1 ELSE 0 END AS s3
  FROM told
  WHERE
    us < 1796040000000000 AND (
      name = 'visit' OR name = 'form' OR name = 'order'
    )
), order1step2 AS (
  SELECT
    subject,
    us,
    s2,
    s3,
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
        s2 = 1 OR s3 = 1
      GROUP BY
        subject
      HAVING
        MIN(CASE WHEN s2 = 1 THEN us END) < MAX(CASE WHEN s3 = 1 THEN us END)
    )
), order1step3 AS (
  SELECT
    subject,
    us,
    s3,
    MAX(CASE WHEN s2 = 1 THEN b2 END) OVER (
      PARTITION BY subject
      ORDER BY us NULLS LAST
      RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS b3
  FROM order1step2
  WHERE
    NOT b2 IS NULL
), order1 AS (
  SELECT DISTINCT
    subject
  FROM order1step3
  WHERE
    (
      s3 = 1 AND NOT b3 IS NULL
    ) AND us - b3 <= 604800000000
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
      us < 1796040000000000 AND name IN ('form', 'order', 'visit')
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
    CASE WHEN name = 'form' THEN 1 ELSE 0 END AS s2,
    CASE WHEN name = 'order' THEN 1 ELSE 0 END AS s3
  FROM told
  WHERE
    us < 1796040000000000 AND (
      name = 'visit' OR name = 'form' OR name = 'order'
    )
), order1step2 AS (
  SELECT
    subject,
    us,
    s2,
    s3,
    MAX(CASE WHEN s1 = 1 THEN us END) OVER (PARTITION BY subject ORDER BY us RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS b2
  FROM order1seen
  WHERE
    subject IN (
      SELECT
        subject
      FROM order1seen
      WHERE
        s2 = 1 OR s3 = 1
      GROUP BY
        subject
      HAVING
        MIN(CASE WHEN s2 = 1 THEN us END) < MAX(CASE WHEN s3 = 1 THEN us END)
    )
), order1step3 AS (
  SELECT
    subject,
    us,
    s3,
    MAX(CASE WHEN s2 = 1 THEN b2 END) OVER (PARTITION BY subject ORDER BY us RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS b3
  FROM order1step2
  WHERE
    NOT (
      b2 IS NULL
    )
), order1 AS (
  SELECT DISTINCT
    subject
  FROM order1step3
  WHERE
    (
      s3 = 1 AND NOT (
        b3 IS NULL
      )
    ) AND us - b3 <= 604800000000
)
SELECT
  subject
FROM order1
