using System.CommandLine;

namespace FedPlatform.Agent.Commands;

/// <summary>Options that mean the same in every command.</summary>
internal static class CommonOptions
{
    public static Option<string[]> Data() => new("--data", "-d")
    {
        Description = "Folder where data sets are looked for; may be given several times. Without it: Storage:DataRoots of appsettings.json or the environment (Storage__DataRoots__0=…).",
        HelpName = "ROOT",
        AllowMultipleArgumentsPerToken = true,
    };

    public static Option<string?> Cache() => new("--cache")
    {
        Description = "Folder of things that can be made again, such as SSE-C classifiers. Without it: Storage:Cache, or ~/.cache/fedplatform.",
        HelpName = "DIR",
    };

    public static Option<bool> Verbose() => new("--verbose", "-v") { Description = "Log everything, with the traces of errors." };

    public static Option<int?> Workers()
    {
        var workers = new Option<int?>("--workers", "-w")
        {
            Description = "Clients trained at the same time, one thread each; without it the spec's, or one a core. Never changes the result.",
            HelpName = "N",
        };
        workers.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && int.TryParse(token.Value, out int n) && n < 1) result.AddError("--workers must be at least 1.");
        });
        return workers;
    }
}
