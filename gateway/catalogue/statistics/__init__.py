"""Monthly figures for others: transactions of online services, views of their pages, what people say of them.

Knows: what is counted, checked, held back and sent. Never does: SQL, HTTP of our own, count persons. Standards:
Regulation (EU) 2018/1724 articles 24 and 25, Implementing Regulation (EU) 2020/1121. Start reading: `sending`.
"""
