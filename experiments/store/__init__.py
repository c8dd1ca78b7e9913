"""The store of a study: few Parquet files that any library reads, written so that nothing finished is ever lost or doubled."""
