/** What a zip may hold; one over any of them is refused before anything is unpacked. */
export interface ZipLimits {
  /** Entries, directories that only their content implies included. */
  entries: number;
  /** Bytes of all unpacked files. */
  unpackedBytes: number;
  /** Unpacked to packed bytes … */
  ratio: number;
  /** … looked at when more than this is unpacked: small files compress well honestly. */
  ratioAboveBytes: number;
  /** Bytes of the zip itself. */
  zipBytes: number;
}

/** Design §10, "import limits". */
export const DEFAULT_ZIP_LIMITS: ZipLimits = {
  entries: 200_000,
  unpackedBytes: 20 * 1024 ** 3,
  ratio: 200,
  ratioAboveBytes: 10 * 1024 ** 2,
  zipBytes: 21 * 1024 ** 3,
};
