using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Runs;
using FedPlatform.Data.Runs;
using FedPlatform.Web.Identity;
using FedPlatform.Web.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace FedPlatform.Web.Runs;

/// <summary>A lease just taken: the token is known to its process only.</summary>
public sealed record RunClaim(Guid RunId, long Epoch, string Token, string Name, int Round);

/// <summary>Who may write to a run: taken with an epoch one higher, renewed by heartbeats, fenced when another takes over.</summary>
public sealed class RunLeases(DatabaseWriter writer, IOptions<RunOptions> options)
{
    /// <summary>This server's life, as the owner of leases.</summary>
    public string Owner { get; } = $"{Environment.MachineName}:{Environment.ProcessId}:{Guid.NewGuid():N}";

    /// <summary>Takes a queued run; null when it is not queued any more.</summary>
    public Task<RunClaim?> Claim(Guid runId, CancellationToken cancellationToken) => writer.Write<RunClaim?>(
        async scope =>
        {
            var run = await scope.Run(runId);
            if (run is null || run.State != RunState.Queued)
            {
                return null;
            }

            var token = Secrets.New("lease");
            scope.Apply(run, RunTrigger.Claim);
            run.LeaseEpoch++;
            run.LeaseOwner = Owner;
            run.LeaseUntil = scope.Now.AddSeconds(options.Value.StartSeconds);
            run.LeaseTokenHash = Secrets.Hash(token);
            run.Attempts++;
            run.StartedAt ??= scope.Now;
            return new RunClaim(run.Id, run.LeaseEpoch, token, run.Name, run.CurrentRound);
        },
        cancellationToken);

    public Task Started(Guid runId, long epoch, int processId, string identity, CancellationToken cancellationToken) => writer.Write(
        scope => scope.Db.Runs.Where(r => r.Id == runId && r.LeaseEpoch == epoch && r.LeaseOwner == Owner)
            .ExecuteUpdateAsync(s => s.SetProperty(r => r.ProcessId, processId).SetProperty(r => r.ProcessIdentity, identity)),
        cancellationToken);

    /// <summary>What the process needs; null when the lease is not this epoch's.</summary>
    public Task<RunRecord?> Attach(Guid runId, long epoch, CancellationToken cancellationToken) => writer.Write<RunRecord?>(
        async scope =>
        {
            var run = await scope.Run(runId);
            if (!Holds(run, epoch))
            {
                return null;
            }

            scope.Apply(run!, RunTrigger.Attach);
            run!.LeaseUntil = scope.Now.AddSeconds(options.Value.LeaseSeconds);
            return run;
        },
        cancellationToken);

    public Task<LeaseAnswer> Renew(Guid runId, LeaseRenewal renewal, CancellationToken cancellationToken) => writer.Write(
        async scope =>
        {
            var run = await scope.Run(runId);
            if (!Holds(run, renewal.Epoch))
            {
                return new LeaseAnswer { Held = false, Order = RunOrder.Stop, HeartbeatSeconds = options.Value.HeartbeatSeconds };
            }

            scope.Apply(run!, RunTrigger.Attach);
            run!.LeaseUntil = scope.Now.AddSeconds(options.Value.LeaseSeconds);
            run.MemoryBytes = renewal.MemoryBytes > 0 ? renewal.MemoryBytes : run.MemoryBytes;
            return new LeaseAnswer { Held = true, Order = OrderOf(run.State), HeartbeatSeconds = options.Value.HeartbeatSeconds };
        },
        cancellationToken);

    public static bool Holds(RunRecord? run, long epoch) => run is { LeaseOwner: not null } && run.LeaseEpoch == epoch;

    public static RunOrder OrderOf(RunState state) => state switch
    {
        RunState.Pausing => RunOrder.Pause,
        RunState.Stopping => RunOrder.Stop,
        _ => RunOrder.GoOn,
    };
}
