"""What every contract shares: authentication, bodies, answers, observation and documentation."""
