using System.Globalization;
using System.Runtime.InteropServices;
using TorchSharp;

namespace FedPlatform.Learning.Torch;

/// <summary>What this process found of torch; printed by <c>agent doctor</c>.</summary>
public sealed record TorchReport
{
    /// <summary>Version of the TorchSharp binding.</summary>
    public required string Version { get; init; }

    /// <summary>Intra-op threads of a training thread: always one, clients are the parallel unit.</summary>
    public required int IntraOpThreads { get; init; }

    /// <summary>True when glibc's allocator was told to keep freed memory (training is about four times faster on virtual machines).</summary>
    public required bool AllocatorTuned { get; init; }

    /// <summary>True when bfloat16 autocast is reachable and works.</summary>
    public required bool Bf16 { get; init; }

    /// <summary>Why <see cref="Bf16"/> is what it is.</summary>
    public required string Bf16Reason { get; init; }

    public required bool Cuda { get; init; }

    public required int CudaDevices { get; init; }

    /// <summary>Vector extensions that matter to libtorch's kernels, as the kernel reports them.</summary>
    public required IReadOnlyList<string> CpuFlags { get; init; }

    public required int Cores { get; init; }
}

/// <summary>Brings libtorch up once a process, in the one order that works.</summary>
public static partial class TorchRuntime
{
    private static readonly Lock Gate = new();
    private static TorchReport? report;

    /// <summary>
    /// Tunes the allocator BEFORE the first call into libtorch, loads it, checks it with a small product. Idempotent.
    /// </summary>
    /// <exception cref="RunFailedException">libtorch cannot be loaded or computes wrong numbers.</exception>
    public static TorchReport Start()
    {
        lock (Gate)
        {
            return report ??= Bring();
        }
    }

    /// <summary>Settings that libtorch keeps a thread: call it first on every thread that trains or evaluates.</summary>
    public static void EnterThread() => torch.set_num_threads(1);

    /// <summary>The device of a spec's string, checked.</summary>
    /// <exception cref="RunFailedException">An unknown name, or a GPU that is not there.</exception>
    public static torch.Device Device(string name)
    {
        Start();
        if (name == "cpu") return torch.CPU;
        if (!name.StartsWith("cuda", StringComparison.Ordinal)) throw new Federation.RunFailedException($"Unknown device \"{name}\": use cpu or cuda:N.");
        string index = name is "cuda" ? "0" : name["cuda:".Length..];
        if (!int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out int n)) throw new Federation.RunFailedException($"Unknown device \"{name}\": use cpu or cuda:N.");
        if (!torch.cuda.is_available())
        {
            throw new Federation.RunFailedException($"Device \"{name}\" was asked for, but CUDA is not available to this process. Use cpu, or build with -p:TorchBackend=cuda on a machine with an NVIDIA driver.");
        }

        int count = torch.cuda.device_count();
        return n < count ? new torch.Device(DeviceType.CUDA, n) : throw new Federation.RunFailedException($"Device \"{name}\" does not exist: this machine has {count} CUDA device(s), numbered from 0.");
    }

    private static TorchReport Bring()
    {
        bool tuned = TuneAllocator();
        try
        {
            EnterThread();
            SelfTest();
        }
        catch (Exception e) when (e is DllNotFoundException or TypeInitializationException or NotSupportedException or ExternalException or BadImageFormatException)
        {
            throw new Federation.RunFailedException("libtorch could not be loaded: " + FirstLine(e.Message), e.ToString(), e);
        }

        (bool bf16, string reason) = Bf16Probe.Try();
        bool cuda = torch.cuda.is_available();
        return new TorchReport
        {
            Version = torch.__version__,
            IntraOpThreads = torch.get_num_threads(),
            AllocatorTuned = tuned,
            Bf16 = bf16,
            Bf16Reason = reason,
            Cuda = cuda,
            CudaDevices = cuda ? torch.cuda.device_count() : 0,
            CpuFlags = CpuFlags(),
            Cores = Environment.ProcessorCount,
        };
    }

    // A product with a known answer: a library that loads but miscomputes must not train.
    private static void SelfTest()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        float trace = torch.arange(9, dtype: torch.ScalarType.Float32).reshape(3, 3).mm(torch.ones(3, 3)).diagonal().sum().item<float>();
        if (trace != 36f) throw new Federation.RunFailedException($"libtorch's self-test failed: the trace of a known product is {trace} instead of 36.");
    }

    // Freed blocks stay mapped: every step would otherwise fault its activations in again. One arena for all threads, or what
    // one thread frees is of no use to the others and a run with many clients keeps half as much again. No effect without glibc.
    private static bool TuneAllocator()
    {
        if (!OperatingSystem.IsLinux()) return false;
        const int TrimThreshold = -1, TopPad = -2, MmapThreshold = -3, ArenaMax = -8;
        try
        {
            return (MallOpt(MmapThreshold, 1 << 30) & MallOpt(TrimThreshold, int.MaxValue) & MallOpt(TopPad, 64 << 20) & MallOpt(ArenaMax, 1)) == 1;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    private static string[] CpuFlags()
    {
        const string CpuInfo = "/proc/cpuinfo";
        if (!File.Exists(CpuInfo)) return [];
        string? flags = File.ReadLines(CpuInfo).FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal));
        string[] interesting = ["avx2", "fma", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16"];
        return flags is null ? [] : [.. flags.Split(' ', StringSplitOptions.RemoveEmptyEntries).Intersect(interesting)];
    }

    internal static string FirstLine(string message) => message.Split('\n', 2)[0].Trim();

    [LibraryImport("libc", EntryPoint = "mallopt")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int MallOpt(int parameter, int value);
}
