using System.Collections.Concurrent;
using System.Diagnostics;
using FedPlatform.Contracts.Agents;
using FedPlatform.Web.Realtime;
using FedPlatform.Web.Runs;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Options;

namespace FedPlatform.Web.Scheduling;

/// <summary>The processes that live now, and how orders reach them.</summary>
public sealed class RunProcesses(IHubContext<AgentHub, IAgentClient> hub, IOptions<RunOptions> options, TimeProvider time) : IRunOrders
{
    private readonly ConcurrentDictionary<Guid, Supervised> _live = new();

    internal sealed record Supervised(Process Process, CancellationTokenSource KillAfter);

    public bool IsLive(Guid runId) => _live.ContainsKey(runId);

    public int? ProcessId(Guid runId) => _live.TryGetValue(runId, out var live) ? live.Process.Id : null;

    internal IDisposable Add(Guid runId, Process process, CancellationTokenSource killAfter)
    {
        _live[runId] = new Supervised(process, killAfter);
        return new Removal(() => _live.TryRemove(runId, out _));
    }

    public async Task Send(Guid runId, RunOrder order)
    {
        if (order == RunOrder.Stop && _live.TryGetValue(runId, out var live))
        {
            var grace = TimeSpan.FromSeconds(options.Value.StopGraceSeconds);
            _ = time.CreateTimer(static state => Cancel((CancellationTokenSource)state!), live.KillAfter, grace, Timeout.InfiniteTimeSpan);
        }

        await hub.Clients.Group(AgentHub.GroupOf(runId)).Order(order);
    }

    /// <summary>Kills at once; the supervisor sees the exit.</summary>
    public bool Kill(Guid runId)
    {
        if (!_live.TryGetValue(runId, out var live))
        {
            return false;
        }

        Cancel(live.KillAfter);
        return true;
    }

    private static void Cancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The process had gone by itself.
        }
    }

    private sealed class Removal(Action remove) : IDisposable
    {
        public void Dispose() => remove();
    }
}
