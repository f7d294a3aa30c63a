import { bufferCount, from, lastValueFrom, tap } from "rxjs";
import { BATCH, clockPeer, peerHandler } from "../workload.ts";

const handle = peerHandler();
await clockPeer(async (messages) => {
  await lastValueFrom(
    from(messages).pipe(
      bufferCount(BATCH),
      tap((batch) => {
        for (const message of batch) handle(message);
      }),
    ),
  );
});
