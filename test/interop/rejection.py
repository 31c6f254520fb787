"""How the reference reader rejects: with the class and code of the error in the vectors."""

CLASSES = {"MALFORMED": "DecodeError", "BOUND_EXCEEDED": "DecodeError", "VERIFY": "VerifyError"}
CLASSES |= {"EXPIRED": "FreshnessError", "FROM_FUTURE": "FreshnessError", "VALIDATION": "ValidationError"}
CLASSES |= {"DECRYPT": "DecryptError", "KEY": "KeyError", "WRONG_PASSPHRASE": "KeyError"}
CLASSES |= {f"DEVICE_LOG_{name}": "DeviceLogError" for name in ("INVALID", "FORK", "BEHIND")}
CLASSES |= {"HISTORY_INVALID": "HistoryError"}


class RejectionError(Exception):
    def __init__(self, code, path=()):
        super().__init__(code)
        self.error = {"class": CLASSES[code], "code": f"ERR_{code}"}
        self.path = list(path)
