using System.CommandLine;
using System.CommandLine.Invocation;
using FedPlatform.Agent.Commands;
using FedPlatform.Contracts.Agents;

var root = new RootCommand(
    """
    Runs federated training on long-tailed data, with or without a server.

    A first run, from the top of the repository:
      dotnet run -c Release --project src/FedPlatform.Agent -- run docs/examples/fedloge-digits.json --out results/digits
    """)
{
    RunCommand.Create(),
    PartitionCommand.Create(),
    BenchCommand.Create(),
    DoctorCommand.Create(),
};

ParseResult parsed = root.Parse(args);
// Commands handle Ctrl+C themselves: a run ends at a committed round.
int exit = await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
return parsed.Action is ParseErrorAction ? AgentProtocol.ExitBadInput : exit;
