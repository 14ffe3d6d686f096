"""What every room uses: database, clock, access, audit, outbox, jobs, uploads, language, errors."""
