"""Research: answer questions by search in a local corpus."""

from rao_lab.environments.research.environment import Research
