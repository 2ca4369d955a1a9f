/** Which way bytes go: from the client (`requests`), to it (`replies`), or either. */
export type Direction = 'requests' | 'replies' | 'both';

/** The next so many bytes pass; the connection that carries the last of them ends right after it. */
export interface CutMark {
  bytesLeft: number;
  readonly isReset: boolean;
  readonly done: () => void;
}

/** What happens to bytes that go one way, on every connection of a proxy. */
export interface Weather {
  isSilent: boolean;
  delayMs: number;
  /** 0: as fast as it goes. */
  bytesPerSecond: number;
  cutMark: CutMark | undefined;
}

export function fairWeather(): Weather {
  return { isSilent: false, delayMs: 0, bytesPerSecond: 0, cutMark: undefined };
}
