using System.Globalization;
using System.Security.Claims;
using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Live;
using FedPlatform.Data;
using FedPlatform.Web.Identity;
using FedPlatform.Web.Runs;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.SignalR;
using Microsoft.EntityFrameworkCore;

namespace FedPlatform.Web.Realtime;

/// <summary>A run's process talks here: log lines and progress in, orders out. Commits go by HTTP.</summary>
[Authorize(IdentityServices.AgentPolicy)]
public sealed class AgentHub(RunLog log, RunFeed feed, IDbContextFactory<PlatformContext> contexts, TimeProvider time) : Hub<IAgentClient>, IAgentHub
{
    private const int MostLines = 1000;
    private const string Team = "team";

    public static string GroupOf(Guid run) => $"run-{run:N}";

    public override async Task OnConnectedAsync()
    {
        await using var db = await contexts.CreateDbContextAsync(Context.ConnectionAborted);
        var run = await db.Runs.AsNoTracking().Where(r => r.Id == Run).Select(r => new { r.TeamId, r.State }).FirstOrDefaultAsync(Context.ConnectionAborted);
        if (run is null)
        {
            Context.Abort();
            return;
        }

        Context.Items[Team] = run.TeamId;
        await Groups.AddToGroupAsync(Context.ConnectionId, GroupOf(Run), Context.ConnectionAborted);

        // An order given while the process was still starting.
        if (RunLeases.OrderOf(run.State) is not RunOrder.GoOn and var order)
        {
            await Clients.Caller.Order(order);
        }
    }

    public Task Log(long epoch, IReadOnlyList<LogLine> lines)
    {
        if (epoch == Epoch)
        {
            foreach (var line in lines.Take(MostLines))
            {
                log.Add(Run, line);
            }
        }

        return Task.CompletedTask;
    }

    public Task Progress(long epoch, RoundProgress progress)
    {
        if (epoch == Epoch && Context.Items[Team] is Guid team)
        {
            feed.Publish(team, new RunEvent { RunId = Run, Sequence = 0, Kind = RunEventKind.Progress, At = time.GetUtcNow(), Progress = progress });
        }

        return Task.CompletedTask;
    }

    private Guid Run => Guid.Parse(Context.User!.FindFirstValue(LeaseAuthentication.RunClaim)!);

    private long Epoch => long.Parse(Context.User!.FindFirstValue(LeaseAuthentication.EpochClaim)!, CultureInfo.InvariantCulture);
}
