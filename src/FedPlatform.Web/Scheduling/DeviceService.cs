using FedPlatform.Data;
using FedPlatform.Data.Queries;
using FedPlatform.Web.Identity;
using FedPlatform.Web.Runs;
using Microsoft.EntityFrameworkCore;

namespace FedPlatform.Web.Scheduling;

/// <summary>Slots and queue as the actor may see them: another team's run takes a slot or a place without its name.</summary>
public sealed class DeviceService(
    ICurrentActor actors, IDbContextFactory<PlatformContext> contexts, DeviceRegistry devices, RunProcesses processes, HostLoadReader host) : IDeviceService
{
    public async Task<DeviceOverview> Overview(CancellationToken cancellationToken)
    {
        var actor = await actors.Get(cancellationToken);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var places = await db.QueuePositions(cancellationToken);
        var holding = await db.Runs.AsNoTracking().Where(r => r.LeaseOwner != null).OrderBy(r => r.StartedAt).ToListAsync(cancellationToken);
        var queued = await db.Queue().ToListAsync(cancellationToken);

        var slots = devices.Slots.Select(d => new DeviceSlots(
            d.Key,
            DeviceRegistry.Title(d.Key),
            d.Value,
            [.. holding.Where(r => r.Device == d.Key).Select(r =>
            {
                var id = processes.ProcessId(r.Id) ?? r.ProcessId;
                return new SlotHolder(Show(r, actor, places), id, id is { } p ? ProcessIdentity.Memory(p) ?? r.MemoryBytes : r.MemoryBytes, r.LeaseUntil);
            })]));
        return new DeviceOverview([.. slots], [.. queued.Where(r => r.TeamId == actor.TeamId).Select(r => r.Row(places))], host.Read());
    }

    private static RunRow Show(Data.Runs.RunRecord run, Actor actor, IReadOnlyDictionary<Guid, int> places) => run.TeamId == actor.TeamId
        ? run.Row(places)
        : run.Row(places) with { Id = Guid.Empty, Name = "A run of another team", Owner = "" };
}
