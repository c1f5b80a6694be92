// In the place of the onnxruntime-web package: the app names the folder of its files, and bundles none of their megabytes.

/** The modules that the library would import have this name for everything they hold. */
export default undefined
