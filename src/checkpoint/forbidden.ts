// Names that no honest checkpoint needs: they run code, open files or reach the network. This reader never imports any name. But
// a file that holds one of these was written to attack people who open it with a plain unpickler, so the file is refused with an
// error that names it. Every other unknown name becomes an inert stand-in (stand-in.ts, docs/SECURITY.md).

interface Row {
  reason: string
  /** Modules whose names are all refused, with those of their submodules. */
  modules?: readonly string[]
  /** Single classes and functions, with their attributes. */
  names?: readonly string[]
}

const builtin = (...names: string[]) => names.flatMap((name) => [`builtins.${name}`, `__builtin__.${name}`])
const of = (modules: readonly string[], names: readonly string[]) =>
  modules.flatMap((module) => names.map((name) => `${module}.${name}`))

const rows: readonly Row[] = [
  {
    reason: 'runs programs',
    modules: ['os', 'posix', 'nt', 'subprocess', '_posixsubprocess', 'pty', 'popen2', 'distutils.spawn'],
    names: [
      ...of(['asyncio'], ['create_subprocess_exec', 'create_subprocess_shell', 'subprocess', 'unix_events']),
      ...of(['commands'], ['getoutput', 'getstatusoutput', 'getstatus']),
      ...of(['pydoc'], ['pipepager', 'tempfilepager']),
      ...of(['torch.utils.collect_env'], ['run', 'run_and_read_all', 'run_and_parse_first_match']),
      'platform.popen',
      'numpy.distutils.exec_command',
    ],
  },
  {
    reason: 'runs code that the file brings',
    modules: ['codeop', 'runpy', 'timeit', 'doctest', 'bdb', 'pdb', 'cProfile', 'lib2to3', 'idlelib', 'numpy.f2py'],
    names: [
      ...builtin('eval', 'exec', 'execfile', 'compile', 'apply', 'breakpoint', 'input', 'raw_input'),
      ...of(['code'], ['interact', 'compile_command', 'InteractiveConsole', 'InteractiveInterpreter']),
      ...of(['profile'], ['run', 'runctx', 'Profile']),
      ...of(['types'], ['CodeType', 'FunctionType', 'LambdaType']),
      'trace.Trace',
      'numpy.testing._private.utils.runstring',
      'numpy.testing.utils.runstring',
      'torch._dynamo.guards.GuardBuilder.get',
      'torch._inductor.codecache.compile_file',
      'torch.fx.experimental.symbolic_shapes.ShapeEnv.evaluate_guards_expression',
      'torch.jit.unsupported_tensor_ops.execWrapper',
      'torch.utils._config_module.ConfigModule.load_config',
      'torch.utils.bottleneck.__main__',
      'pandas.eval',
      'sympy.sympify',
    ],
  },
  {
    reason: 'loads modules or libraries',
    modules: [
      'importlib',
      '_frozen_importlib',
      '_frozen_importlib_external',
      'imp',
      'pkgutil',
      'zipimport',
      'ctypes',
      '_ctypes',
      'cffi',
      'pip',
      'ensurepip',
      'torch.hub',
      'torch.utils.cpp_extension',
    ],
    names: [
      ...builtin('__import__', 'reload'),
      ...of(['torch.ops', 'torch.classes'], ['load_library']),
      'torch.utils.model_zoo.load_url',
    ],
  },
  {
    reason: 'opens another file or another pickle',
    names: [
      ...builtin('open', 'file'),
      ...of(['io', '_io'], ['open', 'open_code', 'FileIO']),
      ...of(['pickle', '_pickle', 'cPickle', 'dill', 'dill._dill', 'cloudpickle'], ['load', 'loads', 'Unpickler']),
      ...of(['marshal', 'joblib', 'torch', 'torch.serialization', 'torch.jit', 'yaml'], ['load', 'loads']),
      ...of(['yaml'], ['unsafe_load', 'full_load', 'load_all', 'unsafe_load_all', 'full_load_all']),
      ...of(['numpy', 'numpy.lib.npyio'], ['load', 'loadtxt', 'genfromtxt', 'fromfile']),
      ...of(['pandas', 'pandas.io.pickle'], ['read_pickle']),
      ...of(['linecache'], ['getline', 'getlines']),
      'torch.package',
      'torch.storage._load_from_bytes',
      'jsonpickle.decode',
      'codecs.open',
      'shelve.open',
    ],
  },
  {
    reason: 'changes files',
    modules: ['shutil', 'tempfile', 'distutils.file_util'],
    names: ['numpy.save', 'numpy.savetxt', 'torch.save', 'zipfile.ZipFile', 'tarfile.open', 'tarfile.TarFile'],
  },
  {
    reason: 'reaches the network or a browser',
    modules: [
      'socket',
      '_socket',
      'socketserver',
      'webbrowser',
      'antigravity',
      'urllib.request',
      'urllib2',
      'httplib',
      'http.client',
      'http.server',
      'ftplib',
      'smtplib',
      'telnetlib',
      'poplib',
      'imaplib',
      'xmlrpc',
      'requests.api',
      'aiohttp.client',
      'torch.distributed.rpc',
    ],
    names: of(['requests'], ['get', 'post', 'put', 'request']),
  },
  {
    reason: 'reaches into the interpreter that would run it',
    modules: ['sys', 'gc', '_thread', 'atexit'],
    names: builtin('setattr', 'delattr', 'globals', 'locals', 'vars', 'exit', 'quit'),
  },
  {
    reason: 'calls any method by its name',
    names: of(['operator', '_operator'], ['attrgetter', 'methodcaller']),
  },
]

const insideOf = new Map(rows.flatMap(({ reason, modules = [] }) => modules.map((module) => [module, reason] as const)))
const single = new Map(rows.flatMap(({ reason, names = [] }) => names.map((name) => [name, reason] as const)))

/** Words of the longest name in the tables: longer parts of a name need no look-up. */
const mostWords = Math.max(...[...insideOf.keys(), ...single.keys()].map((name) => name.split('.').length))

/**
 * Attributes like `__class__` and `__globals__`, which every object has and which lead from it to the whole interpreter. Not so
 * `__new__`: protocols 2 and 3 name it to make objects of classes with keyword arguments.
 */
const special = /^__(?!new__)\w*__$/

/**
 * What `module.name` would do in a plain unpickler when that is a reason to refuse the file, else undefined.
 * A dotted name goes through attributes, so its endings are checked, too: `torch` and `os.system` is `os.system`.
 */
export function forbidden(module: string, name: string): string | undefined {
  const steps = name.split('.')
  const words = [...module.split('.'), ...steps]
  for (let start = 0; start < words.length; start = start === 0 ? words.length - steps.length : start + 1) {
    for (let end = Math.min(start + mostWords, words.length); end > start; end--) {
      const part = words.slice(start, end).join('.')
      const reason = (end > start + 1 && single.get(part)) || (end < words.length && insideOf.get(part))
      if (reason) return reason
    }
  }
  return steps.some((step) => special.test(step)) ? 'reaches into the interpreter that would run it' : undefined
}
