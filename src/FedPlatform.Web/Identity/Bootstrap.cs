using FedPlatform.Data;
using FedPlatform.Web.Persistence;
using FedPlatform.Web.Scheduling;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace FedPlatform.Web.Identity;

/// <summary>At start: the configured owner and token exist, or a set-up code is printed for the first visitor.</summary>
public sealed class Bootstrap(
    IServiceScopeFactory scopes,
    IDbContextFactory<PlatformContext> contexts,
    DatabaseWriter writer,
    IOptions<BootstrapOptions> options,
    SetupCode setup,
    ServerAddress address,
    IHostApplicationLifetime lifetime) : IHostedService
{
    private const string NobodysEmail = "owner@localhost";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var wanted = options.Value;
        await using var scope = scopes.CreateAsyncScope();
        var accounts = scope.ServiceProvider.GetRequiredService<Accounts>();
        if (!await accounts.AnyUser(cancellationToken) && wanted.Wanted)
        {
            var (_, problems) = await accounts.CreateOwner(
                string.IsNullOrEmpty(wanted.Email) ? NobodysEmail : wanted.Email,
                string.IsNullOrEmpty(wanted.Password) ? null : wanted.Password,
                wanted.Team,
                checkPassword: false,
                cancellationToken);
            if (problems.Count > 0)
            {
                throw new OptionsValidationException(BootstrapOptions.Section, typeof(BootstrapOptions), problems);
            }
        }

        if (!string.IsNullOrEmpty(wanted.ApiToken))
        {
            await EnsureToken(wanted, cancellationToken);
        }

        if (!await accounts.AnyUser(cancellationToken))
        {
            setup.Open();
        }

        lifetime.ApplicationStarted.Register(SayReady);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task EnsureToken(BootstrapOptions wanted, CancellationToken cancellationToken)
    {
        var hash = Secrets.Hash(wanted.ApiToken!);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        if (await db.ApiTokens.AnyAsync(t => t.Hash == hash, cancellationToken))
        {
            return;
        }

        var owner = await db.Memberships.AsNoTracking().Where(m => m.Role == (int)TeamRole.Owner).OrderBy(m => m.JoinedAt).FirstOrDefaultAsync(cancellationToken);
        if (owner is not null)
        {
            await writer.Write(
                scope => Task.FromResult(TokenService.Add(scope, owner.UserId, owner.TeamId, "Configuration", wanted.ApiToken!, null)), cancellationToken);
        }
    }

    /// <summary>The one line people look for: on the console, whatever the log level.</summary>
    private void SayReady() => Console.WriteLine(setup.Current is { } code
        ? $"FedPlatform is ready: {address.Local}/setup?code={code}"
        : $"FedPlatform is ready: {address.Local}");
}
