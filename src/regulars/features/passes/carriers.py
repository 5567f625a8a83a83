"""What reaches the phones: Apple and Google, as far as the operator has set them up."""

from regulars.base.clock import Clock, utc_now
from regulars.base.refusals import Refused
from regulars.features.passes.apple_bundle import AppleSigner
from regulars.features.passes.apple_push import ApplePush
from regulars.features.passes.google_wallet import GoogleWallet
from regulars.features.passes.model_carriers import AppleSettings, GoogleSettings


class Carriers:
    """Lives as long as the process, so that connections are used again. Use it in one event loop."""

    def __init__(
        self,
        apple: AppleSettings | None = None,
        google: GoogleSettings | None = None,
        *,
        clock: Clock = utc_now,
    ) -> None:
        """Connects to nobody yet. Raises ValueError for certificates or keys that cannot be used."""
        self._signer = AppleSigner(apple) if apple is not None else None
        self._push = ApplePush(apple) if apple is not None else None
        self._google = GoogleWallet(google, clock) if google is not None else None

    @property
    def has_apple(self) -> bool:
        """Whether there can be passes for Apple Wallet."""
        return self._signer is not None

    @property
    def has_google(self) -> bool:
        """Whether there can be passes for Google Wallet."""
        return self._google is not None

    @property
    def apple(self) -> AppleSigner:
        """What signs passes. Raises Refused: apple_wallet_not_configured."""
        if self._signer is None:
            raise Refused("apple_wallet_not_configured")
        return self._signer

    @property
    def apple_push(self) -> ApplePush:
        """What tells phones. Raises Refused: apple_wallet_not_configured."""
        if self._push is None:
            raise Refused("apple_wallet_not_configured")
        return self._push

    @property
    def google(self) -> GoogleWallet:
        """What saves and patches passes. Raises Refused: google_wallet_not_configured."""
        if self._google is None:
            raise Refused("google_wallet_not_configured")
        return self._google

    async def close(self) -> None:
        """Hangs up on both, and keeps no thread."""
        if self._signer is not None:
            self._signer.close()
        if self._push is not None:
            await self._push.close()
        if self._google is not None:
            await self._google.close()
