using FedPlatform.Contracts.Runs;
using FedPlatform.Data;
using FedPlatform.Data.Queries;
using FedPlatform.Web.Persistence;
using FedPlatform.Web.Runs;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace FedPlatform.Web.Scheduling;

/// <summary>
/// At start and every 15 seconds: no dead run holds a device, no queued run is forgotten. Compares the table of runs with
/// the processes and triggers that exist, and mends the difference.
/// </summary>
public sealed partial class Reconciler(
    IDbContextFactory<PlatformContext> contexts,
    RunEnds ends,
    RunLeases leases,
    RunProcesses processes,
    QuartzRunQueue queue,
    StorageLayout layout,
    DiskReserve reserve,
    IOptions<RunOptions> options,
    TimeProvider time,
    ILogger<Reconciler> log)
{
    /// <summary>A run that paused for want of disk is not tried again before.</summary>
    private static readonly TimeSpan DiskWait = TimeSpan.FromSeconds(60);

    /// <summary>Runs that an earlier life of this server held are taken back at once: its processes are killed, their leases end.</summary>
    public async Task Reclaim(CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var held = await db.Runs.AsNoTracking().Where(r => r.LeaseOwner != null && r.LeaseOwner != leases.Owner)
            .Select(r => new { r.Id, r.Name, r.LeaseEpoch, r.ProcessId, r.ProcessIdentity }).ToListAsync(cancellationToken);
        foreach (var run in held)
        {
            if (run is { ProcessId: { } id, ProcessIdentity: { } identity } && ProcessIdentity.Kill(id, identity))
            {
                LogKilled(log, run.Name, id);
            }

            await ends.ProcessGone(run.Id, run.LeaseEpoch, "The server was restarted; the run goes on from its last committed round.", counts: false, cancellationToken);
        }

        await RequeueLost(cancellationToken);
        await queue.Open(cancellationToken);
        await RememberForgotten(cancellationToken);
    }

    /// <summary>One pass.</summary>
    public async Task Reconcile(CancellationToken cancellationToken)
    {
        await ExpireLeases(cancellationToken);
        await RequeueLost(cancellationToken);
        await ResumeWhereThereIsRoom(cancellationToken);
        reserve.Keep();
        await RememberForgotten(cancellationToken);
    }

    private async Task ExpireLeases(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var expired = await db.Runs.AsNoTracking().Where(r => r.LeaseOwner != null && r.LeaseUntil < now)
            .Select(r => new { r.Id, r.Name, r.LeaseEpoch, r.ProcessId, r.ProcessIdentity }).ToListAsync(cancellationToken);
        foreach (var run in expired)
        {
            LogExpired(log, run.Name);

            // The lease ends first: whatever the process still sends is refused, then it is killed.
            await ends.ProcessGone(run.Id, run.LeaseEpoch, $"Its process has said nothing for {options.Value.LeaseSeconds:0} seconds.", counts: true, cancellationToken);
            if (!processes.Kill(run.Id) && run is { ProcessId: { } id, ProcessIdentity: { } identity })
            {
                ProcessIdentity.Kill(id, identity);
            }
        }
    }

    private async Task RequeueLost(CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        foreach (var id in await db.Runs.AsNoTracking().Where(r => r.State == RunState.Lost).Select(r => r.Id).ToListAsync(cancellationToken))
        {
            await ends.RequeueLost(id, cancellationToken);
        }
    }

    private async Task ResumeWhereThereIsRoom(CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var waiting = await db.Runs.AsNoTracking().Where(r => r.State == RunState.Paused && r.WaitsForDisk).Select(r => r.Id).ToListAsync(cancellationToken);
        if (waiting.Count == 0 || layout.FreeBytes() < layout.MinimumFreeBytes)
        {
            return;
        }

        foreach (var id in waiting)
        {
            var paused = await db.Events.AsNoTracking().Where(e => e.RunId == id && e.Kind == Contracts.Live.RunEventKind.State)
                .OrderByDescending(e => e.Sequence).Select(e => e.At).FirstOrDefaultAsync(cancellationToken);
            if (time.GetUtcNow() - paused >= DiskWait)
            {
                await ends.RoomAgain(id, cancellationToken);
            }
        }
    }

    /// <summary>Queued in the table, unknown to Quartz: the server died between the two writes.</summary>
    private async Task RememberForgotten(CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var queued = await db.Queue().Select(r => new QueuedRun(r.Id, r.LeaseEpoch, r.Device, r.DueAt)).ToListAsync(cancellationToken);
        if (queued.Count == 0)
        {
            return;
        }

        var known = await queue.Waiting(cancellationToken);
        foreach (var run in queued.Where(r => !known.Contains(QuartzRunQueue.NameOf(r))))
        {
            await queue.Enqueue(run, cancellationToken);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Run '{Name}': process {ProcessId} of an earlier server was killed")]
    private static partial void LogKilled(ILogger logger, string name, int processId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Run '{Name}': its lease ran out")]
    private static partial void LogExpired(ILogger logger, string name);
}
