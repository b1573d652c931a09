using FedPlatform.Data;
using FedPlatform.Data.Identity;
using FedPlatform.Web.Persistence;
using FedPlatform.Web.Runs;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace FedPlatform.Web.Identity;

/// <summary>The owner's account and everything that comes with the first one: a team, and a sample run.</summary>
public sealed class Accounts(
    UserManager<User> users, IDbContextFactory<PlatformContext> contexts, DatabaseWriter writer, SampleRun sample, SetupCode setup, TimeProvider time)
{
    private static readonly SemaphoreSlim FirstOwner = new(1, 1);

    public async Task<bool> AnyUser(CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Users.AnyAsync(cancellationToken);
    }

    /// <summary>Makes the first account and its team; the messages when it cannot be made.</summary>
    /// <param name="password">Null: the account cannot sign in by password until one is set.</param>
    /// <param name="checkPassword">False where the operator has chosen it in the configuration.</param>
    public async Task<(User? Owner, IReadOnlyList<string> Problems)> CreateOwner(
        string email, string? password, string teamName, bool checkPassword, CancellationToken cancellationToken)
    {
        await FirstOwner.WaitAsync(cancellationToken);
        try
        {
            if (await AnyUser(cancellationToken))
            {
                return (null, ["This server has an owner already: sign in."]);
            }

            var user = new User
            {
                Id = Guid.CreateVersion7(),
                UserName = email,
                Email = email,
                EmailConfirmed = true,
                DisplayName = email.Split('@')[0],
                CreatedAt = time.GetUtcNow(),
                LockoutEnabled = true,
            };
            if (password is not null && !checkPassword)
            {
                user.PasswordHash = users.PasswordHasher.HashPassword(user, password);
            }

            var made = password is not null && checkPassword ? await users.CreateAsync(user, password) : await users.CreateAsync(user);
            if (!made.Succeeded)
            {
                return (null, [.. made.Errors.Select(e => e.Description)]);
            }

            var team = new Team { Id = Guid.CreateVersion7(), Name = teamName, CreatedAt = time.GetUtcNow() };
            await writer.Write(
                scope =>
                {
                    scope.Db.Teams.Add(team);
                    scope.Db.Memberships.Add(new Membership { UserId = user.Id, TeamId = team.Id, Role = (int)TeamRole.Owner, JoinedAt = scope.Now });
                    return Task.CompletedTask;
                },
                cancellationToken);
            setup.Close();
            await sample.Queue(team.Id, user.Id, user.DisplayName, cancellationToken);
            return (user, []);
        }
        finally
        {
            FirstOwner.Release();
        }
    }
}

/// <summary>The code that lets the first visitor make the owner's account: new at every start until there is one, never stored.</summary>
public sealed class SetupCode
{
    private readonly Lock _gate = new();
    private string? _code;

    /// <summary>The code while there is no owner; null afterwards.</summary>
    public string? Current
    {
        get
        {
            lock (_gate)
            {
                return _code;
            }
        }
    }

    public string Open()
    {
        lock (_gate)
        {
            return _code ??= Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(16));
        }
    }

    public void Close()
    {
        lock (_gate)
        {
            _code = null;
        }
    }

    public bool Matches(string? code) => Current is { } current && code is not null && Secrets.Same(current, code.Trim());
}

/// <summary>Section <c>Bootstrap</c>: the owner and a token without a browser.</summary>
public sealed class BootstrapOptions
{
    public const string Section = "Bootstrap";

    public string? Email { get; set; }
    public string? Password { get; set; }

    /// <summary>A personal access token of the owner, at least 8 characters.</summary>
    public string? ApiToken { get; set; }

    public string Team { get; set; } = "My team";

    /// <summary>False: no sample run for a new owner.</summary>
    public bool SampleRun { get; set; } = true;

    public bool Wanted => !string.IsNullOrEmpty(Email) || !string.IsNullOrEmpty(ApiToken);
}

internal sealed class BootstrapOptionsValidator : IValidateOptions<BootstrapOptions>
{
    private const int ShortestToken = 8;

    public ValidateOptionsResult Validate(string? name, BootstrapOptions options)
    {
        var problems = new List<string>();
        if (!string.IsNullOrEmpty(options.Email) && !options.Email.Contains('@', StringComparison.Ordinal))
        {
            problems.Add($"Bootstrap:Email '{options.Email}' is not an e-mail address.");
        }

        if (string.IsNullOrEmpty(options.Email) != string.IsNullOrEmpty(options.Password))
        {
            problems.Add("Bootstrap:Email and Bootstrap:Password go together: one of them is missing.");
        }

        if (!string.IsNullOrEmpty(options.ApiToken) && options.ApiToken.Length < ShortestToken)
        {
            problems.Add($"Bootstrap:ApiToken must have at least {ShortestToken} characters, got {options.ApiToken.Length}.");
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
