"""Mail: a mailbox and a question whose answer stands in one message; the control where helpers bring little."""

from rao_lab.environments.mail.environment import Mail
