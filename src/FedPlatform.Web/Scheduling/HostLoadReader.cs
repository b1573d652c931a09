using System.Globalization;
using FedPlatform.Web.Persistence;

namespace FedPlatform.Web.Scheduling;

/// <summary>Processor, memory and disk of this machine, from /proc where there is one.</summary>
public sealed class HostLoadReader(StorageLayout layout, TimeProvider time)
{
    private readonly Lock _gate = new();
    private (long Busy, long Total) _last;
    private DateTimeOffset _at;
    private double? _fraction;

    public HostLoad Read()
    {
        var (used, total) = Memory();
        return new HostLoad(Environment.ProcessorCount, Processor(), used, total, layout.FreeBytes());
    }

    /// <summary>Busy share since the last look, at least a second ago; null at the first.</summary>
    private double? Processor()
    {
        if (!File.Exists("/proc/stat"))
        {
            return null;
        }

        lock (_gate)
        {
            if (_at != default && time.GetUtcNow() - _at < TimeSpan.FromSeconds(1))
            {
                return _fraction;
            }

            // cpu user nice system idle iowait irq softirq steal …
            var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..]
                .Select(f => long.Parse(f, CultureInfo.InvariantCulture)).ToArray();
            var total = fields.Take(8).Sum();
            var busy = total - fields[3] - fields[4];
            if (_at != default && total > _last.Total)
            {
                _fraction = (double)(busy - _last.Busy) / (total - _last.Total);
            }

            (_last, _at) = ((busy, total), time.GetUtcNow());
            return _fraction;
        }
    }

    private static (long Used, long Total) Memory()
    {
        if (!File.Exists("/proc/meminfo"))
        {
            var info = GC.GetGCMemoryInfo();
            return (info.MemoryLoadBytes, info.TotalAvailableMemoryBytes);
        }

        long Field(string[] lines, string name) =>
            lines.Where(l => l.StartsWith(name, StringComparison.Ordinal))
                .Select(l => long.Parse(l.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024).FirstOrDefault();
        var lines = File.ReadAllLines("/proc/meminfo");
        var total = Field(lines, "MemTotal:");
        return (total - Field(lines, "MemAvailable:"), total);
    }
}
