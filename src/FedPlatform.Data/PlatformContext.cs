using FedPlatform.Data.Identity;
using FedPlatform.Data.Runs;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace FedPlatform.Data;

/// <summary>The platform's database. Only the web host writes it.</summary>
public sealed class PlatformContext(DbContextOptions<PlatformContext> options)
    : IdentityDbContext<User, IdentityRole<Guid>, Guid>(options)
{
    public DbSet<Team> Teams => Set<Team>();
    public DbSet<Membership> Memberships => Set<Membership>();
    public DbSet<ApiToken> ApiTokens => Set<ApiToken>();
    public DbSet<RunRecord> Runs => Set<RunRecord>();
    public DbSet<RoundRecord> Rounds => Set<RoundRecord>();
    public DbSet<RunEventRecord> Events => Set<RunEventRecord>();
    public DbSet<CheckpointRecord> Checkpoints => Set<CheckpointRecord>();
    public DbSet<PartitionRecord> Partitions => Set<PartitionRecord>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        // SQLite cannot order a DateTimeOffset: every time is a number of UTC ticks.
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UtcTicks>();
        configurationBuilder.Properties<DateTimeOffset?>().HaveConversion<UtcTicks>();
    }

    protected override void OnModelCreating(ModelBuilder builder)
    {
        base.OnModelCreating(builder);

        builder.Entity<Membership>(m =>
        {
            m.HasKey(x => new { x.UserId, x.TeamId });
            m.HasOne<User>().WithMany().HasForeignKey(x => x.UserId);
            m.HasOne<Team>().WithMany().HasForeignKey(x => x.TeamId);
        });
        builder.Entity<ApiToken>(t =>
        {
            t.HasIndex(x => x.Hash).IsUnique();
            t.HasIndex(x => x.UserId);
            t.HasOne<User>().WithMany().HasForeignKey(x => x.UserId);
            t.HasOne<Team>().WithMany().HasForeignKey(x => x.TeamId);
        });

        builder.Entity<RunRecord>(r =>
        {
            r.HasOne<Team>().WithMany().HasForeignKey(x => x.TeamId);
            r.Property(x => x.State).HasConversion<string>();
            r.ComplexProperty(x => x.Gm);
            r.ComplexProperty(x => x.GmClassifier);
            r.ComplexProperty(x => x.Pm);

            // The list's orders and filters, each within a team.
            r.HasIndex(x => new { x.TeamId, x.CreatedAt });
            r.HasIndex(x => new { x.TeamId, x.Name });
            r.HasIndex(x => new { x.TeamId, x.State, x.CreatedAt });

            // The queue and the reconciler.
            r.HasIndex(x => new { x.State, x.DueAt });
            r.HasIndex(x => x.LeaseTokenHash);
        });
        builder.Entity<RoundRecord>(r =>
        {
            r.HasKey(x => new { x.RunId, x.Round });
            r.HasOne<RunRecord>().WithMany().HasForeignKey(x => x.RunId);
        });
        builder.Entity<RunEventRecord>(e =>
        {
            e.HasKey(x => new { x.RunId, x.Sequence });
            e.Property(x => x.Kind).HasConversion<string>();
            e.HasIndex(x => new { x.RunId, x.Kind, x.Sequence });
            e.HasOne<RunRecord>().WithMany().HasForeignKey(x => x.RunId);
        });
        builder.Entity<CheckpointRecord>(c =>
        {
            c.HasIndex(x => new { x.RunId, x.Round });
            c.HasOne<RunRecord>().WithMany().HasForeignKey(x => x.RunId);
        });
        builder.Entity<PartitionRecord>(p =>
        {
            p.HasKey(x => x.RunId);
            p.HasOne<RunRecord>().WithOne().HasForeignKey<PartitionRecord>(x => x.RunId);
        });
    }

    private sealed class UtcTicks() : ValueConverter<DateTimeOffset, long>(
        at => at.UtcTicks, ticks => new DateTimeOffset(ticks, TimeSpan.Zero));
}
