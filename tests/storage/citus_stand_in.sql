-- What migrations use of Citus, in a database that has none: what is placed is moved into the schema `shards`. It refuses
-- what Citus refuses: to place a table twice, or beside one that has no place. It shows that the calls are well-formed
-- and made once; what Citus makes of them, only Citus can show.
SET allow_system_table_mods = on;
INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
SELECT 999999, 'citus', oid, 'public'::regnamespace, false, '0-stand-in' FROM pg_roles WHERE rolname = current_user;
RESET allow_system_table_mods;

CREATE SCHEMA shards;
CREATE TABLE shards.pg_dist_partition (logicalrelid regclass PRIMARY KEY, partmethod "char", partkey text, repmodel "char");
CREATE VIEW pg_dist_partition AS TABLE shards.pg_dist_partition;

CREATE FUNCTION create_distributed_table(
    table_name regclass, distribution_column text, distribution_type text DEFAULT 'hash', colocate_with text DEFAULT 'default'
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF colocate_with <> 'none' AND NOT EXISTS (
        SELECT FROM shards.pg_dist_partition WHERE logicalrelid = colocate_with::regclass AND partkey = distribution_column
    ) THEN
        RAISE EXCEPTION 'cannot colocate tables % and %', colocate_with, table_name;
    END IF;
    INSERT INTO shards.pg_dist_partition VALUES (table_name, 'h', distribution_column, 's');
    EXECUTE format('CREATE TABLE shards.%1$s (LIKE public.%1$s)', table_name);
    EXECUTE format('INSERT INTO shards.%1$s TABLE public.%1$s', table_name);
END $$;

CREATE FUNCTION create_reference_table(table_name regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO shards.pg_dist_partition VALUES (table_name, 'n', NULL, 't');
    EXECUTE format('CREATE TABLE shards.%1$s (LIKE public.%1$s)', table_name);
    EXECUTE format('INSERT INTO shards.%1$s TABLE public.%1$s', table_name);
END $$;

CREATE FUNCTION truncate_local_data_after_distributing_table(function_name regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM shards.pg_dist_partition WHERE logicalrelid = function_name) THEN
        RAISE EXCEPTION 'supplied parameter is not a distributed relation';
    END IF;
    EXECUTE format('TRUNCATE ONLY %s', function_name);
    -- Whoever reads the table finds what was moved.
    EXECUTE format('ALTER TABLE shards.%1$s INHERIT public.%1$s', function_name);
END $$;
