using System.Net;
using System.Text.RegularExpressions;
using FedPlatform.Web.Identity;
using FedPlatform.Web.Tests.Hosting;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace FedPlatform.Web.Tests.Accounts;

public sealed partial class SignInTests : IAsyncLifetime
{
    private PlayedServer _server = null!;

    public ValueTask InitializeAsync()
    {
        // Nobody yet: the server waits for its first visitor.
        _server = new PlayedServer(new Dictionary<string, string?>
        {
            ["Bootstrap:Email"] = null,
            ["Bootstrap:Password"] = null,
            ["Bootstrap:ApiToken"] = null,
            ["Bootstrap:SampleRun"] = "true",
        });
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task The_first_visitor_with_the_code_owns_the_server_and_finds_a_sample_run()
    {
        using var browser = new Browser(_server);
        Assert.Equal("/setup", await browser.RedirectOf("/sign-in"));
        var code = _server.Services.GetRequiredService<SetupCode>().Current!;

        Assert.Equal(HttpStatusCode.BadRequest, (await browser.Submit("/setup", ("code", "wrong"), ("email", "me@example.org"), ("password", PlatformServer.Password), ("team", "Lab"))).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await browser.Submit("/setup", ("code", code), ("email", "me@example.org"), ("password", "short"), ("team", "Lab"))).StatusCode);
        Assert.False(await _server.Query(db => db.Users.AnyAsync()));

        using var made = await browser.Submit("/setup", ("code", code), ("email", "me@example.org"), ("password", PlatformServer.Password), ("team", "Lab"));
        Assert.Equal(HttpStatusCode.Found, made.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await browser.Get("/")).StatusCode);

        var run = await _server.Query(db => db.Runs.AsNoTracking().SingleAsync());
        Assert.Equal("FedLoGe on Digits", run.Name);
        Assert.Equal("Lab", await _server.Query(db => db.Teams.Select(t => t.Name).SingleAsync()));

        // The door is closed behind the owner.
        using var other = new Browser(_server);
        Assert.Equal("/sign-in", await other.RedirectOf("/setup"));
        Assert.Null(_server.Services.GetRequiredService<SetupCode>().Current);
    }

    [Fact]
    public async Task Signing_in_takes_the_right_password_and_the_answer_to_a_wrong_one_does_not_say_who_exists()
    {
        await Owner();
        using var browser = new Browser(_server);
        Assert.StartsWith("/sign-in?returnUrl", await browser.RedirectOf("/"));

        var wrong = await (await browser.Submit("/sign-in", ("email", "owner@example.org"), ("password", "not it at all"))).Content.ReadAsStringAsync();
        var unknown = await (await browser.Submit("/sign-in", ("email", "nobody@example.org"), ("password", "not it at all"))).Content.ReadAsStringAsync();
        Assert.Equal(Error().Match(wrong).Value, Error().Match(unknown).Value);
        Assert.NotEmpty(Error().Match(wrong).Value);

        using var right = await browser.Submit("/sign-in", ("email", "owner@example.org"), ("password", PlatformServer.Password), ("returnUrl", "/runs"));
        Assert.Equal("/runs", right.Headers.Location!.ToString());
        Assert.Equal(HttpStatusCode.OK, (await browser.Get("/runs")).StatusCode);

        // A session means nothing to the API.
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.Get("/api/v1/runs")).StatusCode);

        using var outside = await browser.Submit("/sign-in", ("email", "owner@example.org"), ("password", PlatformServer.Password), ("returnUrl", "//evil.example"));
        Assert.Equal("/", outside.Headers.Location!.ToString());
    }

    [Fact]
    public async Task Five_wrong_passwords_lock_the_account_even_for_the_right_one()
    {
        await Owner();
        using var browser = new Browser(_server);
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await browser.Submit("/sign-in", ("email", "owner@example.org"), ("password", "wrong " + i))).StatusCode);
        }

        Assert.Equal(HttpStatusCode.BadRequest, (await browser.Submit("/sign-in", ("email", "owner@example.org"), ("password", PlatformServer.Password))).StatusCode);
    }

    [Fact]
    public async Task Too_many_tries_from_one_address_are_refused_for_a_while()
    {
        await Owner();
        using var browser = new Browser(_server);
        var form = await browser.Form("/sign-in");
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 25; i++)
        {
            answers.Add((await browser.Post("/sign-in", form, ("email", $"guess{i}@example.org"), ("password", "guess"))).StatusCode);
        }

        Assert.Equal(HttpStatusCode.BadRequest, answers[0]);
        Assert.Equal(HttpStatusCode.TooManyRequests, answers[^1]);
    }

    [Fact]
    public async Task A_form_that_does_not_come_from_here_is_refused()
    {
        await Owner();
        using var browser = new Browser(_server);

        Assert.Equal(HttpStatusCode.BadRequest, (await browser.Post("/sign-in", "forged", ("email", "owner@example.org"), ("password", PlatformServer.Password))).StatusCode);
        Assert.StartsWith("/sign-in", await browser.RedirectOf("/"));
    }

    [Fact]
    public async Task Pages_forbid_inline_script_and_frames()
    {
        using var nobody = _server.Client(null);
        using var response = await nobody.GetAsync("/setup");

        var policy = response.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("script-src 'self';", policy);
        Assert.Contains("frame-ancestors 'none'", policy);
        Assert.DoesNotMatch(@"<script(?![^>]*\bsrc=)", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Tokens_are_kept_hashed_and_end_when_revoked_or_expired()
    {
        await Owner();
        await using var scope = _server.Services.CreateAsyncScope();
        var owner = await _server.Query(db => db.Users.AsNoTracking().SingleAsync());
        scope.ServiceProvider.GetRequiredService<CurrentActor>().Use(new System.Security.Claims.ClaimsPrincipal(
            new System.Security.Claims.ClaimsIdentity([new(System.Security.Claims.ClaimTypes.NameIdentifier, owner.Id.ToString())], "test")));
        var tokens = scope.ServiceProvider.GetRequiredService<ITokenService>();

        var made = await tokens.Create("laptop", null, CancellationToken.None);
        var expired = await tokens.Create("old", DateTimeOffset.UtcNow.AddMinutes(-1), CancellationToken.None);
        var rows = await _server.Query(db => db.ApiTokens.AsNoTracking().ToListAsync());
        Assert.DoesNotContain(rows, r => r.Hash.Contains(made.Token) || r.Name.Contains(made.Token));
        Assert.Contains(rows, r => r.Hash == Secrets.Hash(made.Token));

        using var http = _server.Client(made.Token);
        using var late = _server.Client(expired.Token);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/api/v1/runs")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await late.GetAsync("/api/v1/runs")).StatusCode);
        Assert.True(await tokens.Revoke(made.Info.Id, CancellationToken.None));
        Assert.False(await tokens.Revoke(made.Info.Id, CancellationToken.None));
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/api/v1/runs")).StatusCode);
        Assert.DoesNotContain(await tokens.List(CancellationToken.None), t => t.Id == made.Info.Id);
    }

    private async Task Owner()
    {
        await using var scope = _server.Services.CreateAsyncScope();
        var (owner, problems) = await scope.ServiceProvider.GetRequiredService<FedPlatform.Web.Identity.Accounts>()
            .CreateOwner("owner@example.org", PlatformServer.Password, "Team", checkPassword: true, CancellationToken.None);
        Assert.True(owner is not null, string.Join(" ", problems));
    }

    [GeneratedRegex("<p class=\"error\".*?</p>", RegexOptions.Singleline)]
    private static partial Regex Error();

    /// <summary>Keeps cookies and fills forms as a browser does.</summary>
    private sealed partial class Browser(PlatformServer server) : IDisposable
    {
        private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() }) { BaseAddress = server.Address };

        public Task<HttpResponseMessage> Get(string path) => _http.GetAsync(path);

        public async Task<string> RedirectOf(string path)
        {
            using var response = await _http.GetAsync(path);
            var location = response.Headers.Location ?? throw new InvalidOperationException($"{path} answered {response.StatusCode}.");
            return location.IsAbsoluteUri ? location.PathAndQuery : location.ToString();
        }

        public async Task<string> Form(string path) => Field().Match(await _http.GetStringAsync(path)).Groups[1].Value;

        public async Task<HttpResponseMessage> Submit(string path, params (string Name, string Value)[] fields) => await Post(path, await Form(path), fields);

        public Task<HttpResponseMessage> Post(string path, string form, params (string Name, string Value)[] fields) => _http.PostAsync(path, new FormUrlEncodedContent(
            fields.Append(("__RequestVerificationToken", form)).Select(f => new KeyValuePair<string, string>(f.Item1, f.Item2))));

        public void Dispose() => _http.Dispose();

        [GeneratedRegex("name=\"__RequestVerificationToken\" value=\"([^\"]+)\"")]
        private static partial Regex Field();
    }
}
