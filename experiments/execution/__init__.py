"""Running what the store lacks: sessions, generations, jobs, engines, workers."""
