using System.Net;
using FedPlatform.Contracts.Live;
using FedPlatform.Web.Identity;
using FedPlatform.Web.Tests.Hosting;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;

namespace FedPlatform.Web.Tests.Api;

[Collection(PlayedServerCollection.Name)]
public class OtherTeamTests(SharedServer server)
{
    public static TheoryData<string, string> Routes => new()
    {
        { "GET", "" },
        { "GET", "/rounds" },
        { "GET", "/clients" },
        { "GET", "/classes" },
        { "GET", "/artifacts" },
        { "GET", "/artifacts/spec-json" },
        { "POST", "/stop" },
        { "POST", "/pause" },
        { "POST", "/resume" },
        { "POST", "/retry" },
    };

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task Another_teams_run_is_not_found_on_any_route(string method, string route)
    {
        var id = await server.Http.CreateRun(ApiClient.Spec("Mine"));
        var (stranger, _, _) = await server.NewTeam();

        using var theirs = await stranger.SendAsync(new HttpRequestMessage(new HttpMethod(method), $"/api/v1/runs/{id}{route}"));
        using var unknown = await stranger.SendAsync(new HttpRequestMessage(new HttpMethod(method), $"/api/v1/runs/{Guid.NewGuid()}{route}"));

        Assert.Equal(HttpStatusCode.NotFound, theirs.StatusCode);
        Assert.Equal(unknown.StatusCode, theirs.StatusCode);
        Assert.NotEqual(HttpStatusCode.NotFound, (await server.Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), $"/api/v1/runs/{id}{route}"))).StatusCode);
    }

    [Fact]
    public async Task Another_teams_runs_are_not_in_the_list()
    {
        await server.Http.CreateRun(ApiClient.Spec("Secret"));
        var (stranger, _, _) = await server.NewTeam();

        Assert.Equal(0, (await stranger.Json("/api/v1/runs")).GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task Another_teams_run_cannot_be_cloned_or_watched()
    {
        var id = await server.Http.CreateRun(ApiClient.Spec("Mine"));
        var (stranger, _, token) = await server.NewTeam();

        using var clone = await stranger.PostAsync($"/api/v1/runs?parent={id}", new StringContent(ApiClient.Spec(), System.Text.Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, clone.StatusCode);

        await using var hub = new HubConnectionBuilder()
            .WithUrl(new Uri(server.Address, "/hubs/runs"), o => o.AccessTokenProvider = () => Task.FromResult<string?>(token))
            .Build();
        await hub.StartAsync();
        await Assert.ThrowsAsync<HubException>(async () =>
        {
            await foreach (var _ in hub.StreamAsync<RunEvent>("Subscribe", id, 0L))
            {
                break;
            }
        });
    }

    [Fact]
    public async Task A_viewer_reads_and_does_nothing_else()
    {
        var (viewer, _, _) = await server.NewTeam(TeamRole.Viewer);

        using var created = await viewer.PostAsync("/api/v1/runs", new StringContent(ApiClient.Spec(), System.Text.Encoding.UTF8, "application/json"));

        Assert.Equal(HttpStatusCode.BadRequest, created.StatusCode);
        Assert.Equal(0, (await viewer.Json("/api/v1/runs")).GetProperty("total").GetInt32());
    }

    [Theory]
    [InlineData("/api/v1/runs")]
    [InlineData("/api/v1/datasets")]
    public async Task Without_a_token_the_api_is_closed_and_says_so_as_a_problem(string path)
    {
        using var nobody = server.Client(null);
        using var wrong = server.Client("fp_wrong");

        foreach (var http in (HttpClient[])[nobody, wrong])
        {
            using var response = await http.GetAsync(path);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        }
    }

    [Fact]
    public async Task A_lease_token_opens_its_own_run_and_neither_another_nor_the_api()
    {
        var mine = await server.Play(await server.Http.CreateRun(ApiClient.Spec("A")));
        var other = await server.Http.CreateRun(ApiClient.Spec("B"));

        Assert.NotNull(await mine.Attach());
        Assert.Equal(HttpStatusCode.NotFound, (await mine.Http.GetAsync($"/agent/v1/runs/{other}")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await mine.Http.GetAsync("/api/v1/runs")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.Http.GetAsync($"/agent/v1/runs/{mine.Run}")).StatusCode);
    }
}
