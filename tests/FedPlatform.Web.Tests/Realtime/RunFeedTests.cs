using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;
using FedPlatform.Web.Persistence;
using FedPlatform.Web.Realtime;
using FedPlatform.Web.Tests.Hosting;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace FedPlatform.Web.Tests.Realtime;

[Collection(PlayedServerCollection.Name)]
public class RunFeedTests(SharedServer server)
{
    private const int Lines = 600;

    [Fact]
    public async Task Readers_that_join_during_a_flood_see_every_event_once_and_in_order()
    {
        var run = await server.Http.CreateRun(ApiClient.Spec());
        var feed = server.Services.GetRequiredService<IRunFeed>();
        var last = 0L;
        var flood = Task.Run(async () =>
        {
            for (var i = 0; i < Lines; i++)
            {
                last = await WriteLine(run, $"line {i}");
            }
        });

        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var readers = Enumerable.Range(0, 6).Select(async reader =>
        {
            await Task.Delay(reader * 15);
            var seen = new List<long>();
            await foreach (var e in feed.Subscribe(run, reader, timeout.Token))
            {
                seen.Add(e.Sequence);

                // A slow reader overflows its buffer and must catch up from the database.
                if (reader == 5 && seen.Count == 10)
                {
                    await flood;
                }

                if (flood.IsCompleted && e.Sequence >= last)
                {
                    break;
                }
            }

            return (reader, seen);
        }).ToList();
        await flood;

        // One more, in case a reader saw the last line before the flood was known to be over.
        last = await WriteLine(run, "end");
        foreach (var (reader, seen) in await Task.WhenAll(readers))
        {
            Assert.Equal(Enumerable.Range(reader + 1, seen.Count).Select(n => (long)n), seen);
            Assert.True(seen.Count >= Lines - reader, $"Reader {reader} saw {seen.Count} events only.");
        }
    }

    [Fact]
    public async Task Of_progress_a_slow_reader_sees_the_newest_and_nobody_waits_for_it()
    {
        var run = await server.Http.CreateRun(ApiClient.Spec());
        var feed = server.Services.GetRequiredService<RunFeed>();
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var stored = await server.Query(db => db.Runs.Where(r => r.Id == run).Select(r => r.LastSequence).SingleAsync());
        await using var reader = feed.Subscribe(run, stored, timeout.Token).GetAsyncEnumerator(timeout.Token);
        var next = reader.MoveNextAsync().AsTask();
        for (var step = 1; step <= 10_000; step++)
        {
            feed.Publish(Guid.Empty, new RunEvent { RunId = run, Sequence = 0, Kind = RunEventKind.Progress, At = DateTimeOffset.UnixEpoch, Progress = new RoundProgress { Round = 1, Phase = "train", StepsDone = step } });
        }

        var seen = 0;
        long newest = 0;
        while (newest < 10_000)
        {
            Assert.True(await next);
            if (reader.Current.Progress is { } progress)
            {
                seen++;
                newest = progress.StepsDone;
            }

            next = reader.MoveNextAsync().AsTask();
        }

        Assert.InRange(seen, 1, 5_000);
        await timeout.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    [Fact]
    public async Task The_hub_streams_what_was_and_what_comes_over_messagepack_and_json()
    {
        var id = await server.Http.CreateRun(ApiClient.Spec(rounds: 3));
        var agent = await server.Play(id);
        await agent.Attach();
        (await agent.Commit(1, 0.25)).EnsureSuccessStatusCode();

        foreach (var binary in (bool[])[true, false])
        {
            var builder = new HubConnectionBuilder().WithUrl(new Uri(server.Address, "/hubs/runs"), o => o.AccessTokenProvider = () => Task.FromResult<string?>(PlatformServer.Token));
            if (binary)
            {
                builder.AddMessagePackProtocol();
            }
            else
            {
                builder.AddJsonProtocol(json => FedPlatform.Contracts.ContractJson.Configure(json.PayloadSerializerOptions));
            }

            await using var hub = builder.Build();
            await hub.StartAsync();
            using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            var rounds = new List<RoundReport>();
            await foreach (var e in hub.StreamAsync<RunEvent>("Subscribe", id, 0L, timeout.Token))
            {
                if (e.Round is { } round)
                {
                    rounds.Add(round);
                    if (rounds.Count == 1)
                    {
                        (await agent.Commit(2, 0.5)).EnsureSuccessStatusCode();
                    }
                    else
                    {
                        break;
                    }
                }
            }

            Assert.Equal([0.25, 0.5], rounds.Select(r => r.Gm!.Value));
            Assert.Equal(4, rounds[1].Clients.Count);
            Assert.Equal([0.5, null], rounds[1].Clients[0].PerClass);
        }
    }

    [Fact]
    public async Task A_team_hears_of_its_own_runs_without_their_arrays()
    {
        var (http, team, _) = await server.NewTeam();
        var feed = server.Services.GetRequiredService<IRunFeed>();
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var heard = Task.Run(async () =>
        {
            await foreach (var e in feed.SubscribeTeam(team, timeout.Token))
            {
                if (e.Round is not null)
                {
                    return e;
                }
            }

            throw new InvalidOperationException("The stream ended.");
        });
        await Task.Delay(100);
        var (others, _, _) = await server.NewTeam();
        foreach (var client in (HttpClient[])[others, http])
        {
            var agent = await server.Play(await client.CreateRun(ApiClient.Spec()));
            await agent.Attach();
            (await agent.Commit(1, client == http ? 0.75 : 0.1)).EnsureSuccessStatusCode();
        }

        var round = (await heard).Round!;
        Assert.Equal(0.75, round.Gm);
        Assert.Empty(round.Clients);
    }

    [Fact]
    public async Task Lines_and_progress_of_the_agents_hub_reach_log_and_feed()
    {
        var id = await server.Http.CreateRun(ApiClient.Spec());
        var agent = await server.Play(id);
        await agent.Attach();
        await using var hub = new HubConnectionBuilder()
            .WithUrl(new Uri(server.Address, AgentProtocol.HubPath), o => o.AccessTokenProvider = () => Task.FromResult<string?>(agent.Token))
            .AddMessagePackProtocol().Build();
        var orders = new TaskCompletionSource<RunOrder>(TaskCreationOptions.RunContinuationsAsynchronously);
        hub.On<RunOrder>(nameof(IAgentClient.Order), orders.SetResult);
        await hub.StartAsync();

        await hub.InvokeAsync(nameof(IAgentHub.Log), agent.Epoch, new[] { new LogLine { At = DateTimeOffset.UnixEpoch, Level = "info", Text = "hello from the agent" } });
        await hub.InvokeAsync(nameof(IAgentHub.Log), agent.Epoch + 1, new[] { new LogLine { At = DateTimeOffset.UnixEpoch, Level = "info", Text = "from another life" } });
        var log = await Waiting.Until(
            () => server.Query(db => db.Events.Where(e => e.RunId == id && e.Kind == RunEventKind.Log).Select(e => e.Payload!).ToListAsync()), lines => lines.Count > 0);
        Assert.Contains("hello from the agent", Assert.Single(log));

        using (var stop = await server.Http.PostAsync($"/api/v1/runs/{id}/pause", null))
        {
            stop.EnsureSuccessStatusCode();
        }

        Assert.Equal(RunOrder.Pause, await orders.Task.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(RunOrder.Pause, (await agent.Renew()).Order);
    }

    private Task<long> WriteLine(Guid run, string text) => server.Services.GetRequiredService<DatabaseWriter>().Write(
        async scope => scope.EmitLog((await scope.Run(run))!, "info", text).Sequence, CancellationToken.None);
}
