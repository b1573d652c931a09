using Microsoft.AspNetCore.Identity;

namespace FedPlatform.Data.Identity;

/// <summary>A person with an account.</summary>
public sealed class User : IdentityUser<Guid>
{
    /// <summary>What others see.</summary>
    public string DisplayName { get; set; } = "";

    public DateTimeOffset CreatedAt { get; set; }
}

public sealed class Team
{
    public Guid Id { get; set; }
    public required string Name { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
}

/// <summary>A person's role in a team.</summary>
public sealed class Membership
{
    public Guid UserId { get; set; }
    public Guid TeamId { get; set; }

    /// <summary>0 Viewer, 1 Member, 2 Maintainer, 3 Owner.</summary>
    public int Role { get; set; }

    public DateTimeOffset JoinedAt { get; set; }
}

/// <summary>A personal access token: only its hash is kept.</summary>
public sealed class ApiToken
{
    public Guid Id { get; set; }
    public Guid UserId { get; set; }
    public Guid TeamId { get; set; }
    public required string Name { get; set; }

    /// <summary>SHA-256 of the token, hex.</summary>
    public required string Hash { get; set; }

    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset? ExpiresAt { get; set; }
    public DateTimeOffset? LastUsedAt { get; set; }
    public DateTimeOffset? RevokedAt { get; set; }
}
