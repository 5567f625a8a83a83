"""The points ledger: accounts, transfers, holds, refunds, and what proves that they add up."""
