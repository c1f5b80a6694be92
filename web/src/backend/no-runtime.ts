// Replaces the onnxruntime-web package in the bundle: the app loads its files from a folder instead of bundling megabytes.

/** The only export of these modules that the library imports. */
export default undefined
