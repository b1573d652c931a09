using System.Net;
using System.Net.Http.Json;
using FedPlatform.Contracts;
using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Live;
using FedPlatform.Data.Runs;
using FedPlatform.Web.Persistence;
using FedPlatform.Web.Tests.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace FedPlatform.Web.Tests.Protocol;

[Collection(PlayedServerCollection.Name)]
public class CommitTests(SharedServer server)
{
    [Fact]
    public async Task A_process_is_told_its_spec_and_where_to_go_on()
    {
        var agent = await Start(rounds: 4);

        var first = await agent.Attach();
        Assert.Equal(4, first!.Spec.Rounds);
        Assert.Equal(0, first.CurrentRound);
        Assert.Null(first.Checkpoint);

        (await agent.Commit(1)).EnsureSuccessStatusCode();
        var second = await agent.Attach();
        Assert.Equal(1, second!.CurrentRound);
        Assert.Equal("checkpoint-000001.safetensors", second.Checkpoint);
        Assert.Equal(64, second.CheckpointSha256!.Length);
    }

    [Fact]
    public async Task The_same_commit_again_is_accepted_and_changes_nothing()
    {
        var agent = await Start();
        await agent.Attach();

        Assert.Equal(HttpStatusCode.OK, (await agent.Commit(1)).StatusCode);
        var before = await Counts(agent.Run);
        Assert.Equal(HttpStatusCode.OK, (await agent.Commit(1)).StatusCode);

        Assert.Equal(before, await Counts(agent.Run));
        Assert.Equal((1, 1, 1), (before.Rounds, before.Current, before.Checkpoints));
    }

    [Fact]
    public async Task The_same_round_with_other_bytes_is_fenced()
    {
        var agent = await Start();
        await agent.Attach();
        (await agent.Commit(1)).EnsureSuccessStatusCode();

        Assert.Equal(HttpStatusCode.Conflict, (await agent.Commit(1, content: "other bytes")).StatusCode);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(0)]
    public async Task A_round_that_does_not_follow_is_fenced(int round)
    {
        var agent = await Start();
        await agent.Attach();

        Assert.Equal(HttpStatusCode.Conflict, (await agent.Commit(round)).StatusCode);
        Assert.Equal(0, (await Counts(agent.Run)).Current);
    }

    [Fact]
    public async Task A_round_beyond_the_last_is_fenced()
    {
        var agent = await Start(rounds: 1);
        await agent.Attach();
        (await agent.Commit(1)).EnsureSuccessStatusCode();

        Assert.Equal(HttpStatusCode.Conflict, (await agent.Commit(2)).StatusCode);
    }

    [Fact]
    public async Task A_process_whose_run_was_taken_over_can_do_no_harm()
    {
        var old = await Start();
        await old.Attach();
        (await old.Commit(1)).EnsureSuccessStatusCode();
        old.Kill();
        var next = await server.Play(old.Run, epoch: 2);
        await next.Attach();

        // The old token is unknown; and with the new token the old epoch is refused.
        Assert.Equal(HttpStatusCode.Unauthorized, (await old.Commit(2)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await old.Http.PostAsJsonAsync(AgentProtocol.EndPath(old.Run), new RunEnd { Epoch = 1, Kind = RunEndKind.Finished }, ContractJson.Options)).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await next.Commit(2, epoch: 1)).StatusCode);
        Assert.False((await (await next.Http.PostAsJsonAsync(AgentProtocol.LeasePath(old.Run), new LeaseRenewal { Epoch = 1 }, ContractJson.Options)).Content.ReadFromJsonAsync<LeaseAnswer>(ContractJson.Options))!.Held);
        Assert.Equal(1, (await Counts(old.Run)).Current);

        Assert.Equal(HttpStatusCode.OK, (await next.Commit(2)).StatusCode);
        Assert.Equal(2, (await Counts(old.Run)).Current);
    }

    [Fact]
    public async Task A_commit_whose_checkpoint_is_not_the_announced_one_is_refused()
    {
        var agent = await Start();
        await agent.Attach();

        foreach (var change in (Func<CheckpointFile, CheckpointFile>[])
            [
                c => c with { Bytes = c.Bytes + 1 },
                c => c with { Sha256 = new string('0', 64) },
                c => c with { Name = "checkpoint-000099.safetensors" },
                c => c with { Name = "../" + c.Name },
                c => c with { Name = "/etc/passwd" },
                c => c with { Name = "" },
            ])
        {
            using var response = await agent.Commit(1, change: c => c with { Checkpoint = change(c.Checkpoint) });
            Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
        }

        Assert.Equal((0, 0, 0), await Counts(agent.Run));
    }

    [Fact]
    public async Task A_number_that_is_not_finite_is_refused()
    {
        var agent = await Start();
        await agent.Attach();
        using var good = await agent.Commit(1);
        var text = """{"epoch":1,"report":{"round":2,"gm":NUMBER},"checkpoint":{"name":"a","sha256":"b","bytes":1}}""";

        foreach (var number in (string[])["NaN", "\"NaN\"", "1e999"])
        {
            using var response = await agent.Http.PostAsync(AgentProtocol.CommitPath(agent.Run), new StringContent(text.Replace("NUMBER", number), System.Text.Encoding.UTF8, "application/json"));
            Assert.True(response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity, $"{number} answered {response.StatusCode}.");
        }
    }

    [Fact]
    public async Task A_commit_that_fails_half_way_leaves_no_trace()
    {
        var agent = await Start();
        await agent.Attach();
        var writer = server.Services.GetRequiredService<DatabaseWriter>();

        // A row that collides with the commit's own: its last insert fails after the run row has been advanced.
        await writer.Write(
            scope =>
            {
                scope.Db.Rounds.Add(new RoundRecord { RunId = agent.Run, Round = 1, Epoch = 99, CheckpointSha256 = "x", Report = [] });
                return Task.CompletedTask;
            },
            CancellationToken.None);
        var sequence = await server.Query(db => db.Runs.Where(r => r.Id == agent.Run).Select(r => r.LastSequence).SingleAsync());

        Assert.Equal(HttpStatusCode.InternalServerError, (await agent.Commit(1)).StatusCode);

        var after = await server.Query(db => db.Runs.AsNoTracking().SingleAsync(r => r.Id == agent.Run));
        Assert.Equal(0, after.CurrentRound);
        Assert.Equal(sequence, after.LastSequence);
        Assert.Null(after.Gm.Last);
        Assert.Equal(0, await server.Query(db => db.Events.CountAsync(e => e.RunId == agent.Run && e.Kind == RunEventKind.Round)));
        Assert.Equal(0, await server.Query(db => db.Checkpoints.CountAsync(c => c.RunId == agent.Run)));

        await writer.Write(scope => scope.Db.Rounds.Where(r => r.RunId == agent.Run).ExecuteDeleteAsync(), CancellationToken.None);
        Assert.Equal(HttpStatusCode.OK, (await agent.Commit(1)).StatusCode);
    }

    [Fact]
    public async Task The_last_checkpoints_and_the_best_are_kept_and_the_others_deleted()
    {
        var agent = await Start(rounds: 6, more: """, "keepCheckpoints": 2""");
        await agent.Attach();
        foreach (var (round, gm) in ((int, double)[])[(1, 0.2), (2, 0.9), (3, 0.9), (4, 0.5), (5, 0.4), (6, 0.6)])
        {
            (await agent.Commit(round, gm)).EnsureSuccessStatusCode();
        }

        string[] kept = ["checkpoint-000002.safetensors", "checkpoint-000005.safetensors", "checkpoint-000006.safetensors"];
        await Waiting.Until(
            () => Task.FromResult(Directory.GetFiles(agent.Folder, "checkpoint-*").Select(Path.GetFileName).Order().ToArray()),
            files => files.SequenceEqual(kept));
        Assert.Equal(kept, await server.Query(db => db.Checkpoints.Where(c => c.RunId == agent.Run).OrderBy(c => c.Round).Select(c => c.Name).ToArrayAsync()));
    }

    [Fact]
    public async Task Files_that_no_row_names_are_collected_after_a_day()
    {
        var agent = await Start();
        await agent.Attach();
        (await agent.Commit(1)).EnsureSuccessStatusCode();
        foreach (var name in (string[])["checkpoint-000002.safetensors", "checkpoint-000003.safetensors", "checkpoint-000001.safetensors"])
        {
            var path = Path.Combine(agent.Folder, name);
            await File.AppendAllTextAsync(path, "");
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddHours(name.Contains('3') ? -1 : -25));
        }

        await server.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<OrphanCollector>().Single().Collect(CancellationToken.None);

        Assert.Equal(["checkpoint-000001.safetensors", "checkpoint-000003.safetensors"], Directory.GetFiles(agent.Folder, "checkpoint-*").Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Events_of_a_run_are_numbered_without_a_gap()
    {
        var agent = await Start(rounds: 3);
        await agent.Attach();
        for (var round = 1; round <= 3; round++)
        {
            (await agent.Commit(round)).EnsureSuccessStatusCode();
        }

        await agent.End(RunEndKind.Finished);
        var numbers = await server.Query(db => db.Events.Where(e => e.RunId == agent.Run).OrderBy(e => e.Sequence).Select(e => e.Sequence).ToListAsync());

        Assert.Equal(Enumerable.Range(1, numbers.Count).Select(n => (long)n), numbers);
        Assert.Equal("Finished", await server.Http.State(agent.Run));
        Assert.Equal(HttpStatusCode.Unauthorized, (await agent.Commit(4)).StatusCode);
    }

    private async Task<PlayedRun> Start(int rounds = 3, string more = "") => await server.Play(await server.Http.CreateRun(ApiClient.Spec(rounds: rounds, more: more)));

    private Task<(int Rounds, int Current, int Checkpoints)> Counts(Guid run) => server.Query(async db => (
        await db.Rounds.CountAsync(r => r.RunId == run),
        await db.Runs.Where(r => r.Id == run).Select(r => r.CurrentRound).SingleAsync(),
        await db.Checkpoints.CountAsync(c => c.RunId == run)));
}
