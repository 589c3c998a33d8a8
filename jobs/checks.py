"""System checks: settings that would break background work are refused at start."""
