using System.Runtime.InteropServices;

namespace FedPlatform.Agent.Diagnostics;

/// <summary>What a measurement was made on.</summary>
public sealed record MachineFacts
{
    public required string Cpu { get; init; }
    public required int Cores { get; init; }

    /// <summary>Bytes, a container's limit included.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Bytes that are free or can be freed; null where the system does not say.</summary>
    public long? AvailableBytes { get; init; }

    public required string System { get; init; }
    public required string Runtime { get; init; }
    public required DateTimeOffset Date { get; init; }

    public static MachineFacts Read(TimeProvider time) => new()
    {
        Cpu = Field("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString(),
        Cores = Environment.ProcessorCount,
        MemoryBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        AvailableBytes = Field("/proc/meminfo", "MemAvailable") is { } text && long.TryParse(text.Split(' ')[0], out long kib) ? kib * 1024 : null,
        System = $"{Field("/etc/os-release", "PRETTY_NAME", '=')?.Trim('"') ?? RuntimeInformation.OSDescription} ({RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()})",
        Runtime = RuntimeInformation.FrameworkDescription,
        Date = time.GetUtcNow(),
    };

    private static string? Field(string file, string name, char separator = ':') => File.Exists(file)
        ? File.ReadLines(file).FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal)) is { } line && line.IndexOf(separator) is > 0 and int at ? line[(at + 1)..].Trim() : null
        : null;

    /// <summary>Bytes for people.</summary>
    public static string Size(long bytes) => bytes switch
    {
        >= 1L << 30 => $"{bytes / (double)(1L << 30):0.0} GiB",
        >= 1L << 20 => $"{bytes / (double)(1L << 20):0} MiB",
        _ => $"{bytes / 1024.0:0} KiB",
    };
}
