using System.Collections.Concurrent;
using System.Net;
using FedPlatform.Contracts;
using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FedPlatform.Agent.Tests.Attached;

/// <summary>
/// Plays the web host on a real port: assignment, lease, fenced commits, end, hub. What it knows outlives a restart of its server.
/// </summary>
public sealed class FakeHost : IAsyncDisposable
{
    public const string Token = "lease-token";

    private WebApplication? _app;
    private int _port, _commitAnswersToLose, _commitRequests, _unauthorized;

    public Guid Run { get; } = Guid.NewGuid();
    public long Epoch { get; set; } = 7;
    public int CurrentRound { get; set; }
    public RunSpec Spec { get; init; } = new() { Dataset = "digits", Rounds = 3 };
    public string? Checkpoint { get; set; }
    public string? CheckpointSha256 { get; set; }
    public RunOrder LeaseOrder { get; set; }
    public double HeartbeatSeconds { get; init; } = 0.1;

    /// <summary>Answers to the next requests of a path ending, instead of the real ones.</summary>
    public ConcurrentQueue<int> CommitFaults { get; } = new();

    /// <summary>The next commits are carried out, but their answers are lost.</summary>
    public int CommitAnswersToLose { get => _commitAnswersToLose; set => _commitAnswersToLose = value; }

    public List<RoundReport> Rounds { get; } = [];
    public List<RunEnd> Ends { get; } = [];
    public List<PartitionReport> Partitions { get; } = [];
    public ConcurrentQueue<LogLine> Log { get; } = new();
    public ConcurrentQueue<RoundProgress> Progress { get; } = new();
    public ConcurrentQueue<LeaseRenewal> Renewals { get; } = new();
    public ConcurrentQueue<string> Connections { get; } = new();
    public int CommitRequests => _commitRequests;
    public int Unauthorized => _unauthorized;

    public Uri Address => new($"http://127.0.0.1:{_port}");

    public static async Task<FakeHost> Start(RunSpec? spec = null)
    {
        var host = spec is null ? new FakeHost() : new FakeHost { Spec = spec };
        await host.Up();
        return host;
    }

    public async Task Up()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, _port));
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(this);
        builder.Services.AddSignalR().AddMessagePackProtocol();
        builder.Services.ConfigureHttpJsonOptions(o => ContractJson.Configure(o.SerializerOptions));
        WebApplication app = builder.Build();
        app.UseWebSockets();
        app.Use(async (context, next) =>
        {
            if (context.Request.Headers.Authorization != $"Bearer {Token}")
            {
                Interlocked.Increment(ref _unauthorized);
                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                return;
            }

            await next(context);
        });
        app.MapGet("/agent/v1/runs/{run:guid}", (Guid run, HttpContext context) =>
            run != Run ? Results.NotFound() : Fenced(context) ?? Results.Ok(new RunAssignment
            {
                RunId = Run,
                Spec = Spec,
                CurrentRound = CurrentRound,
                Checkpoint = Checkpoint,
                CheckpointSha256 = CheckpointSha256,
            }));
        app.MapPost("/agent/v1/runs/{run:guid}/lease", (LeaseRenewal renewal) =>
        {
            Renewals.Enqueue(renewal);
            return new LeaseAnswer { Held = renewal.Epoch == Epoch, Order = LeaseOrder, HeartbeatSeconds = HeartbeatSeconds };
        });
        app.MapPost("/agent/v1/runs/{run:guid}/partition", (PartitionReport report, HttpContext context) =>
        {
            if (Fenced(context) is { } refusal) return refusal;
            Partitions.Add(report);
            return Results.Ok();
        });
        app.MapPost("/agent/v1/runs/{run:guid}/rounds", Commit);
        app.MapPost("/agent/v1/runs/{run:guid}/end", (RunEnd end) =>
        {
            if (end.Epoch != Epoch) return Results.Conflict();
            Ends.Add(end);
            return Results.Ok();
        });
        app.MapHub<AgentHub>(AgentProtocol.HubPath);
        await app.StartAsync();
        _port = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
        _app = app;
    }

    public async Task Down()
    {
        if (_app is null) return;
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
        _app = null;
    }

    public Task Order(RunOrder order) => _app!.Services.GetRequiredService<IHubContext<AgentHub, IAgentClient>>().Clients.All.Order(order);

    public async ValueTask DisposeAsync() => await Down();

    public static async Task Eventually(Func<bool> holds, string what)
    {
        for (int i = 0; i < 1000; i++)
        {
            if (holds()) return;
            await Task.Delay(10);
        }

        Assert.Fail("never happened: " + what);
    }

    private IResult? Fenced(HttpContext context) =>
        context.Request.Headers[AgentProtocol.EpochHeader] == Epoch.ToString() ? null : Results.Problem("The lease has epoch " + Epoch, statusCode: 409);

    private IResult Commit(RoundCommit commit, HttpContext context)
    {
        Interlocked.Increment(ref _commitRequests);
        if (CommitFaults.TryDequeue(out int fault)) return Results.Problem("as told", statusCode: fault);
        lock (Rounds)
        {
            if (commit.Epoch != Epoch) return Results.Problem("Another process holds the run", statusCode: 409);
            bool again = commit.Report.Round == CurrentRound && CheckpointSha256 == commit.Checkpoint.Sha256;
            if (!again)
            {
                if (commit.Report.Round != CurrentRound + 1) return Results.Problem("Not the next round", statusCode: 409);
                Rounds.Add(commit.Report);
                CurrentRound = commit.Report.Round;
                Checkpoint = commit.Checkpoint.Name;
                CheckpointSha256 = commit.Checkpoint.Sha256;
            }
        }

        if (Interlocked.Decrement(ref _commitAnswersToLose) >= 0)
        {
            context.Abort();
        }

        return Results.Ok();
    }

    public sealed class AgentHub(FakeHost host) : Hub<IAgentClient>, IAgentHub
    {
        public override Task OnConnectedAsync()
        {
            host.Connections.Enqueue(Context.GetHttpContext()!.Request.Query["run"].ToString());
            return Task.CompletedTask;
        }

        public Task Log(long epoch, IReadOnlyList<LogLine> lines)
        {
            if (epoch != host.Epoch) throw new HubException("fenced");
            foreach (LogLine line in lines) host.Log.Enqueue(line);
            return Task.CompletedTask;
        }

        Task IAgentHub.Progress(long epoch, RoundProgress progress) => Progress(epoch, progress);

        public Task Progress(long epoch, RoundProgress progress)
        {
            host.Progress.Enqueue(progress);
            return Task.CompletedTask;
        }
    }
}
