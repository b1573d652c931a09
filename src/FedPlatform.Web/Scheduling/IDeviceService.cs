using FedPlatform.Web.Runs;

namespace FedPlatform.Web.Scheduling;

/// <summary>Device slots, who holds them and who waits.</summary>
public interface IDeviceService
{
    Task<DeviceOverview> Overview(CancellationToken cancellationToken);
}

public sealed record DeviceOverview(IReadOnlyList<DeviceSlots> Devices, IReadOnlyList<RunRow> Queue, HostLoad Host);

/// <param name="Device"><c>cpu</c> or <c>cuda:N</c>.</param>
/// <param name="Slots">Runs at a time.</param>
/// <param name="Holders">Runs that hold a slot.</param>
public sealed record DeviceSlots(string Device, string Title, int Slots, IReadOnlyList<SlotHolder> Holders);

public sealed record SlotHolder(RunRow Run, int? ProcessId, long? MemoryBytes, DateTimeOffset? LeaseUntil);

/// <summary>Of the machine the web host runs on.</summary>
public sealed record HostLoad(int Cores, double? CpuFraction, long MemoryBytes, long MemoryTotalBytes, long DiskFreeBytes);
