class MuxiError(Exception):
    def __init__(self, code, message, status_code):
        super().__init__(f"{code}: {message}")
        self.code, self.status_code = code, status_code
